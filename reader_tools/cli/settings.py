# SPDX-License-Identifier: Apache-2.0
"""Settings of one desk, from KARTU_ environment variables. Plain on purpose: pydantic would cost each command 0.3 s."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from cardservice.texts.catalogue import Language
from reader_tools.errors import SettingsInvalid

MAX_UID = 0xFFFF_FFFE
DEFAULT_API_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Settings:
    """One desk: where its data is, whom it asks, and in which language it speaks. The database's address may carry a password."""

    data_dir: Path  # KARTU_DATA_DIR: where state is kept
    api_url: str  # KARTU_API_URL: the kartu service
    socket: Path  # KARTU_HSM_SOCKET: the key process; its folder must be closed to others
    database: str  # KARTU_DATABASE_URL: SQLAlchemy address
    language: Language  # KARTU_LANGUAGE: of messages
    reader: str  # KARTU_READER: the reader to use where none is named
    keys_uid: int | None  # KARTU_KEYS_UID: the user that runs the key process, where it is not our own
    keys: str  # KARTU_KEYS: where the keys lie (docs/key-places.md); empty: a sealed file in the data folder
    rule_packs: Path | None  # KARTU_RULE_PACKS: the folder of signed rule packs; None: those that come with the code
    rule_pack_key: Path | None  # KARTU_RULE_PACK_KEY: the public key that signed them; None: the one beside those
    issuer: str  # KARTU_ISSUER: the iss of the service's tokens, where it is not the address that it is reached at

    def __repr__(self) -> str:
        return f"Settings(data_dir={str(self.data_dir)!r}, reader={self.reader!r})"

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the environment; an empty variable is an unset one. SettingsInvalid names a setting that can't be meant."""
        given = {name: value for name, value in (os.environ if environment is None else environment).items() if value}
        api_url = _url(given.get("KARTU_API_URL", DEFAULT_API_URL))
        data_dir = Path(given.get("KARTU_DATA_DIR") or _default_data_dir()).expanduser().absolute()
        return cls(
            data_dir=data_dir,
            api_url=api_url,
            socket=Path(given.get("KARTU_HSM_SOCKET") or data_dir / "hsm" / "keys.sock"),
            database=given.get("KARTU_DATABASE_URL") or f"sqlite:///{data_dir / 'kartu.db'}",
            language=_language(given.get("KARTU_LANGUAGE", Language.INDONESIAN)),
            reader=given.get("KARTU_READER", "virtual"),
            keys_uid=_uid(given.get("KARTU_KEYS_UID")),
            keys=given.get("KARTU_KEYS", ""),
            rule_packs=Path(given["KARTU_RULE_PACKS"]) if "KARTU_RULE_PACKS" in given else None,
            rule_pack_key=Path(given["KARTU_RULE_PACK_KEY"]) if "KARTU_RULE_PACK_KEY" in given else None,
            issuer=given.get("KARTU_ISSUER", api_url).rstrip("/"),
        )

    @property
    def log_file(self) -> Path:
        """Where the traces of unforeseen errors go."""
        return self.data_dir / "log" / "kartu.log"


def _default_data_dir() -> Path:
    """``./var`` where it exists (a checkout that has run), else the user's own data folder (XDG)."""
    here = Path("var")
    if here.is_dir():
        return here
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "kartu"


def _uid(value: str | None) -> int | None:
    if value is None:
        return None
    if not value.isascii() or not value.isdecimal() or int(value) > MAX_UID:
        raise SettingsInvalid(setting="KARTU_KEYS_UID", rule="a user id, as a number")
    return int(value)


def _language(value: str) -> Language:
    try:
        return Language(value)
    except ValueError:
        raise SettingsInvalid(setting="KARTU_LANGUAGE", rule="id | en") from None


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsInvalid(setting="KARTU_API_URL", rule="http(s)://host:port")
    return value.rstrip("/")
