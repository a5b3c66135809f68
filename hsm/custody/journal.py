# SPDX-License-Identifier: Apache-2.0
"""The custody journal: what was meant to happen to keys and what did, one JSON line each, chained by SHA-256 and synced to the disk.

``digest`` is SHA-256 over the line's other fields in canonical form, the digest of the line before among them. A chain cut at its end
still holds; that is why statements for auditors name its head (hsm/custody/attestation.py).
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hsm.custody.canonical_json import canonical
from hsm.errors import CustodyJournalDamaged, CustodyJournalUnusable
from hsm.machine.protected_file import OTHERS, OWNER_ONLY

BEGINNING = "0" * 64
MAX_LENGTH = 64 * 1024 * 1024  # a rotation writes about 1 KiB: some ten thousand of them


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that was meant, or that happened. ``facts`` hold names, dates and fingerprints, never a secret."""

    number: int
    at: datetime
    event: str
    facts: Mapping[str, Any]
    digest: str = field(compare=False)


class CustodyJournal:
    """One journal file, locked for as long as it is open: two people can't change keys at once."""

    def __init__(self, fd: int, path: Path) -> None:
        self._fd = fd
        self._path = path
        self.entries, self._end = _read(os.pread(fd, MAX_LENGTH, 0), path)

    @property
    def head(self) -> str:
        """The digest of the last entry, 64 hexadecimal digits."""
        return self.entries[-1].digest if self.entries else BEGINNING

    def append(self, event: str, at: datetime, /, **facts: object) -> JournalEntry:
        """Write one entry, durable when this returns. Raises CustodyJournalUnusable."""
        fields = {
            "number": len(self.entries) + 1,
            "at": at.astimezone(UTC).isoformat(),
            "event": event,
            "facts": facts,
            "previous": self.head,
        }
        digest = _digest(fields)
        line = canonical({**fields, "digest": digest}) + b"\n"
        if self._end + len(line) > MAX_LENGTH:
            raise CustodyJournalUnusable(path=str(self._path), rule=f"is at most {MAX_LENGTH} bytes")
        try:
            # What a torn write left behind the last whole line was never acknowledged.
            os.ftruncate(self._fd, self._end)
            written = os.pwrite(self._fd, line, self._end)
            os.fsync(self._fd)
        except OSError as failed:
            raise CustodyJournalUnusable(path=str(self._path), rule=failed.strerror or "not writable") from None
        if written != len(line):
            raise CustodyJournalUnusable(path=str(self._path), rule="the disk is full")
        entry = _entry(json.loads(line))
        self.entries = [*self.entries, entry]
        self._end += len(line)
        return entry

    def of(self, event: str) -> list[JournalEntry]:
        """The entries of one kind, in order."""
        return [entry for entry in self.entries if entry.event == event]


@contextmanager
def open_journal(path: Path) -> Iterator[CustodyJournal]:
    """The journal, made if it is not there, and nobody else's until it is closed. Raises CustodyJournalDamaged or CustodyJournalUnusable."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)
    except OSError as failed:
        raise CustodyJournalUnusable(path=str(path), rule=failed.strerror or "can't be opened") from None
    try:
        found = os.fstat(fd)
        if found.st_uid != os.geteuid() or found.st_mode & OTHERS:
            raise CustodyJournalUnusable(path=str(path), rule="must be ours and closed to others (mode 0600)")
        if found.st_size > MAX_LENGTH:  # reading a part would be to forget, and then to overwrite, the rest
            raise CustodyJournalUnusable(path=str(path), rule=f"is at most {MAX_LENGTH} bytes")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CustodyJournalUnusable(path=str(path), rule="another custody command is at work") from None
        yield CustodyJournal(fd, path)
    finally:
        os.close(fd)


def _read(content: bytes, path: Path) -> tuple[Sequence[JournalEntry], int]:
    """The entries of the whole lines, and where those end."""
    whole = content[: content.rfind(b"\n") + 1]
    entries: list[JournalEntry] = []
    previous = BEGINNING
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            fields = json.loads(line)
            digest = fields.pop("digest")
            holds = (fields["number"], fields["previous"], _digest(fields)) == (number, previous, digest)
            entry = _entry({**fields, "digest": digest})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            holds, entry = False, None
        if not holds or entry is None:
            raise CustodyJournalDamaged(path=str(path), number=number)
        entries.append(entry)
        previous = entry.digest
    return entries, len(whole)


def _digest(fields: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical(fields)).hexdigest()


def _entry(line: Mapping[str, Any]) -> JournalEntry:
    return JournalEntry(
        number=line["number"],
        at=datetime.fromisoformat(line["at"]),
        event=str(line["event"]),
        facts=dict(line["facts"]),
        digest=str(line["digest"]),
    )
