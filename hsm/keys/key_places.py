# SPDX-License-Identifier: Apache-2.0
"""Which purpose's keys lie where: one URI for all of them, or a TOML file that gives purposes places of their own.

::

    everything-else = "pkcs11:token=kartu?module-path=...&pin-source=..."

    [purposes]
    card-ca = "pkcs11:token=kartu-ca?module-path=...&pin-source=..."

The masters - card, sector, transport - share one place, since a token wraps one static key under another only if both are its own (decision 0101).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cardservice.keys import Purpose
from hsm.errors import KeyPlacesRefused, KeyUriRefused
from hsm.keys.key_plan import MASTERS
from hsm.keys.key_uri import KeyUri, read_key_uri

MAX_FILE_LENGTH = 64 * 1024  # bytes
ELSE = "everything-else"
PURPOSES = "purposes"


@dataclass(frozen=True, slots=True)
class KeyPlaces:
    """``elsewhere`` holds what ``by_purpose`` does not name, and the records."""

    elsewhere: KeyUri
    by_purpose: Mapping[Purpose, KeyUri] = field(default_factory=dict)

    def of(self, purpose: Purpose) -> KeyUri:
        """Where this purpose's keys lie."""
        return self.by_purpose.get(purpose, self.elsewhere)

    def all(self) -> list[KeyUri]:
        """Every place once, the general one first."""
        return list(dict.fromkeys([self.elsewhere, *self.by_purpose.values()]))


def key_places(text: str) -> KeyPlaces:
    """The places that a setting names: a URI, or the path of a TOML file. Raises KeyUriRefused or KeyPlacesRefused."""
    return KeyPlaces(read_key_uri(text)) if is_uri(text) else _read_places(Path(text))


def is_uri(text: str) -> bool:
    """Whether the setting is a URI, and not the path of a file."""
    return text.lower().startswith(("pkcs11:", "file:"))


def _read_places(path: Path) -> KeyPlaces:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_LENGTH + 1)
        if len(content) > MAX_FILE_LENGTH:
            raise KeyPlacesRefused(path=str(path), rule=f"at most {MAX_FILE_LENGTH} bytes")
        table = tomllib.loads(content.decode())
    except OSError as error:
        raise KeyPlacesRefused(path=str(path), rule=error.strerror or "not readable") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KeyPlacesRefused(path=str(path), rule=f"TOML ({error})") from None
    named = table.get(PURPOSES, {})
    known = {str(purpose) for purpose in Purpose}
    if set(table) - {ELSE, PURPOSES} or ELSE not in table or not isinstance(named, dict) or set(named) - known:
        raise KeyPlacesRefused(path=str(path), rule=f"{ELSE}, and under [{PURPOSES}] names of purposes")
    by_purpose = {Purpose(name): _read(path, name, uri) for name, uri in named.items()}
    places = KeyPlaces(_read(path, ELSE, table[ELSE]), by_purpose)
    if len({places.of(master) for master in MASTERS}) > 1:
        raise KeyPlacesRefused(path=str(path), rule="card, sector and transport masters share one place")
    return places


def _read(path: Path, name: str, uri: object) -> KeyUri:
    if not isinstance(uri, str):
        raise KeyPlacesRefused(path=str(path), rule=f"{name} is a URI")
    try:
        return read_key_uri(uri)
    except KeyUriRefused as error:
        raise KeyPlacesRefused(path=str(path), rule=f"{name}: {error.evidence['rule']}") from None
