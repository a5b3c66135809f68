# SPDX-License-Identifier: Apache-2.0
"""What an auditor is handed: every key's attributes, the back end, its module, the running code and the journal's head, at one time, signed."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cardservice.keys import Purpose
from hsm.custody.key_list import KeyState, ListedKey
from hsm.key_places import KeyPlaces
from hsm.key_store import KeyStore
from hsm.key_uri import KeyUri, TokenUri

KIND = "kartu-key-attestation/1"
PACKAGE = Path(__file__).parents[1]
IN_SOFTWARE = {"sealed file": "readable by whoever has the file and its passphrase"}


def attestation(
    store: KeyStore,
    places: KeyPlaces,
    listed: Sequence[ListedKey],
    journal_head: str,
    now: datetime,
    environment: str,
) -> dict[str, object]:
    """The statement's document. What it says of attributes was looked at, key by key, when the store was opened: a wrong one is not opened."""
    return {
        "kind": KIND,
        "at": now,
        "environment": environment,
        "backend": store.backend,
        "places": [str(uri) for uri in places.all()],
        "modules": {
            str(uri.module_path): _digest_of(uri.module_path) for uri in places.all() if isinstance(uri, TokenUri)
        },
        "unvalidated_tokens": [token.product for token in store.unvalidated()],
        "code": {"version": code_version(), "sha256": code_digest()},
        "ca_certificate_sha256": hashlib.sha256(store.ca_certificate).hexdigest(),
        "journal_head": journal_head,
        "keys": [_key(key, places) for key in listed],
    }


def code_version() -> str:
    """The installed version, or that there is only a checkout."""
    try:
        return version("kartu")
    except PackageNotFoundError:
        return "checkout"


def code_digest(package: Path = PACKAGE) -> str:
    """SHA-256 over names and contents of every source file of the key process: which code handles the keys."""
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(package)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _key(key: ListedKey, places: KeyPlaces) -> dict[str, object]:
    if key.state is KeyState.DESTROYED:
        return key.document()
    purpose = key.description.purpose
    uri = places.of(purpose)
    return key.document() | {"place": str(uri), "attributes": _attributes(uri, purpose)}


def _attributes(uri: KeyUri, purpose: Purpose) -> Mapping[str, object]:
    if not isinstance(uri, TokenUri):
        return IN_SOFTWARE
    from hsm.pkcs11 import key_templates  # noqa: PLC0415 - an optional part; where there is a token, it is there

    attributes = key_templates.lasting(key_templates.role_of(purpose))
    return {f"CKA_{name.name}": value if isinstance(value, bool) else value.name for name, value in attributes.items()}


def _digest_of(module: Path) -> str:
    return hashlib.sha256(module.read_bytes()).hexdigest()
