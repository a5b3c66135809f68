# SPDX-License-Identifier: Apache-2.0
"""What an auditor is handed: every key's attributes, the back end, the running code and the journal's head, at one time, signed."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hsm.custody.key_list import ListedKey
from hsm.key_store import KeyStore

KIND = "kartu-key-attestation/1"
PACKAGE = Path(__file__).parents[1]


def attestation(
    store: KeyStore, listed: Sequence[ListedKey], journal_head: str, now: datetime, environment: str
) -> dict[str, object]:
    """The statement's document."""
    return {
        "kind": KIND,
        "at": now,
        "environment": environment,
        "backend": store.backend,
        "code": {"version": code_version(), "sha256": code_digest()},
        "ca_certificate_sha256": hashlib.sha256(store.ca_certificate).hexdigest(),
        "journal_head": journal_head,
        "keys": [key.document() for key in listed],
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
