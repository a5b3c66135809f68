# SPDX-License-Identifier: Apache-2.0
"""Cards to which no channel is opened any more: a list that only grows, one line each, read by all workers and kept over restarts.

A line is ``KDD(20 hex digits) seconds by=UID reason``; those of before have no user id. Writers append under a record lock and sync before they answer; readers look at the file's
length before each channel, and read what is new. A line that a full disk tore was never acknowledged, and is passed over.
"""

import fcntl
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from hsm.machine.state_folder import state_errors

_LINE = re.compile(rb"([0-9A-F]{20}) [0-9]+ [ -~]+")


class RevokedCards(Protocol):
    """What operations ask and tell of revoked cards."""

    def __contains__(self, kdd: bytes, /) -> bool: ...

    def add(self, kdds: Sequence[bytes], reason: str, now: int) -> int:
        """Refuse these from now on; how many of them were not refused before."""
        ...


class RevocationFile:
    """The list in a file. KDDs are 10 bytes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[bytes] = set()
        self._read = 0
        with state_errors(path):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __contains__(self, kdd: bytes, /) -> bool:
        """Whether the card is revoked, as of now, whoever wrote it. Raises StateUnusable where nobody can tell."""
        with state_errors(self._path):
            self._catch_up()
        return kdd in self._known

    def add(self, kdds: Sequence[bytes], reason: str, now: int) -> int:
        """Durable when it returns. Raises StateUnusable."""
        with state_errors(self._path):
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                self._catch_up()
                new = [kdd for kdd in dict.fromkeys(kdds) if kdd not in self._known]
                if new:
                    self._append("".join(f"{kdd.hex().upper()} {now} {reason}\n" for kdd in new).encode())
                    self._catch_up()
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
        return len(new)

    def _append(self, lines: bytes) -> None:
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        while lines:
            lines = lines[os.write(self._file, lines) :]
        os.fsync(self._file)

    def _catch_up(self) -> None:
        """Read the whole lines behind what is known."""
        size = os.fstat(self._file).st_size
        if size == self._read:
            return
        chunk = os.pread(self._file, size - self._read, self._read)
        whole = chunk[: chunk.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            if found := _LINE.fullmatch(line):
                self._known.add(bytes.fromhex(found[1].decode()))
