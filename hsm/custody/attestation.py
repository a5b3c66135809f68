# SPDX-License-Identifier: Apache-2.0
"""What an auditor is handed: every key's attributes, the back end, its module, the running code and the journal's head, at one time, signed.

Most of it is our word. What is not: with a challenge of the auditor's each signing key signs it, so that the statement is no earlier one and the keys are at hand.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hsm.custody.key_list import KeyState, ListedKey
from hsm.custody.possession import possession
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_store import KeyStore
from hsm.keys.key_uri import TokenUri

KIND = "kartu-key-attestation/1"
PACKAGE = Path(__file__).parents[1]


def attestation(
    store: KeyStore,
    places: KeyPlaces,
    listed: Sequence[ListedKey],
    journal_head: str,
    now: datetime,
    environment: str,
    challenge: str = "",
) -> dict[str, object]:
    """The statement's document. ``challenge``: hexadecimal digits that an auditor chose; empty, and the statement could be an earlier one."""
    answered = {"challenge": challenge, "possession": possession(store, listed, challenge, now)} if challenge else {}
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
        "keys": [_key(key, store, places) for key in listed],
        **answered,
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


def _key(key: ListedKey, store: KeyStore, places: KeyPlaces) -> dict[str, object]:
    if key.state is KeyState.DESTROYED:
        return key.document()
    place = str(places.of(key.description.purpose))
    return key.document() | {"place": place, "attributes": store.attributes(key.description)}


def _digest_of(module: Path) -> str:
    return hashlib.sha256(module.read_bytes()).hexdigest()
