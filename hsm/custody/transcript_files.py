# SPDX-License-Identifier: Apache-2.0
"""The transcript's three files: text, PDF, and a statement with the hashes of both, signed by the audit key."""

import hashlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from hsm.custody.statement import MAX_LENGTH, Verified, signed, verified
from hsm.errors import StatementRefused
from hsm.keys.key_store import KeyStore
from hsm.machine.protected_file import create_protected

KIND = "kartu-ceremony-transcript/1"
TEXT, PDF, STATEMENT = "transcript.txt", "transcript.pdf", "transcript.json"


def write_transcript(
    folder: Path, text: str, pdf: bytes, plan_sha256: str, store: KeyStore, now: datetime, *, again: bool = False
) -> dict[str, str]:
    """Write all three; the hashes of text and PDF. ``again`` after an interruption: what it left takes no part."""
    if again:
        for name in (TEXT, PDF, STATEMENT):
            (folder / name).unlink(missing_ok=True)
    files = {TEXT: text.encode(), PDF: pdf}
    hashes = {f"{name.rpartition('.')[2]}_sha256": hashlib.sha256(file).hexdigest() for name, file in files.items()}
    for name, file in files.items():
        create_protected(folder / name, file)
    document = {"kind": KIND, "at": now, "plan_sha256": plan_sha256, **hashes}
    create_protected(folder / STATEMENT, signed(document, store, now))
    return hashes


def verified_transcript(path: Path, trusted: Collection[str]) -> Verified:
    """Look at a transcript, given its folder or any of its files: the signature, and the hashes of text and PDF. Raises StatementRefused."""
    folder = path if path.is_dir() else path.parent
    found = verified(_content(folder / STATEMENT), trusted)
    if found.document.get("kind") != KIND:
        raise StatementRefused(rule="is of a transcript")
    for name in (TEXT, PDF):
        digest = hashlib.sha256(_content(folder / name)).hexdigest()
        if digest != found.document.get(f"{name.rpartition('.')[2]}_sha256"):
            raise StatementRefused(rule=f"{name} is as it was signed")
    return found


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_LENGTH + 1)
    except OSError as failed:
        raise StatementRefused(rule=f"{path.name} can be read ({failed.strerror})") from None
