# SPDX-License-Identifier: Apache-2.0
"""The image of a chip: its persistent memory, in one file that is always whole, or in this process only."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from applets.virtual.chip import Chip
from applets.virtual.errors import CardTorn, ImageUnreadable, Refused
from applets.virtual.image_format import HEAD, decode, encode, writes_of
from applets.virtual.tear import Tear, TearMode, WritePhase
from cardservice.card_edge.status_word import StatusWord

PRIVATE = 0o600  # the file holds keys
_Stamp = tuple[int, int, int, bytes]


class Image:
    """Persistent memory. Each ``commit`` is one transaction: write aside, sync, rename. Without a path it lives and dies with the process."""

    def __init__(self, chip: Chip, *, path: Path | None = None, fsync: bool = True, tear: Tear | None = None) -> None:
        self._chip = chip
        self._path = path
        self._fsync = fsync
        self._tear = tear
        self._seen: _Stamp | None = None
        self._writes = 0
        self._locks: list[int] = []  # open files whose lock is ours while the image is held

    @classmethod
    def open(cls, path: Path | str, *, fsync: bool = True) -> Self:
        """The image that lies at a path. ``fsync=False`` trades safety against power loss of the host for speed (tests)."""
        path = Path(path)
        try:
            chip, tear = decode(path.read_bytes())
        except OSError as failure:
            raise ImageUnreadable(path=str(path), rule=failure.strerror or "unreadable") from None
        except ImageUnreadable as damage:
            raise ImageUnreadable(path=str(path), **damage.evidence) from None
        return cls(chip, path=path, fsync=fsync, tear=tear)

    def stored_at(self, path: Path | str, *, fsync: bool = True) -> "Image":
        """Write this memory to a file, mode 0600, and return the image that lives there."""
        image = Image(self._chip, path=Path(path), fsync=fsync, tear=self._tear)
        image._write(self._chip, self._tear)
        return image

    @property
    def chip(self) -> Chip:
        """The chip as last committed."""
        return self._chip

    @property
    def path(self) -> Path | None:
        """Where the image lies, None in memory."""
        return self._path

    @property
    def tear(self) -> Tear | None:
        """The armed drill."""
        return self._tear

    def commit(self, chip: Chip) -> None:
        """Make this the chip, wholly or not at all: CardTorn where a drill cuts the write, Refused(6581) where the disk does not take it."""
        tear = self._tear
        if tear is not None and tear.mode is TearMode.WRITE:
            if tear.due:
                self._cut_write(chip, tear.phase)
                raise CardTorn(mode=tear.mode.value)
            self._tear = tear.nearer()
        try:
            self._write(chip, self._tear)
        except OSError:
            raise Refused(StatusWord.MEMORY_FAILURE) from None
        self._chip = chip

    def arm(self, tear: Tear | None) -> None:
        """Arm a drill, or disarm with None. Works on a file that another process has open: it looks before each command."""
        with self.held():
            self.refresh()
            self._write(self._chip, tear)
            self._tear = tear

    def count_apdu(self) -> TearMode | None:
        """Count one APDU against the armed drill; the mode where this APDU is the one."""
        tear = self._tear
        if tear is None or tear.mode is TearMode.WRITE:
            return None
        if not tear.due:
            self._tear = tear.nearer()
            return None
        self._tear = None
        self._write(self._chip, None)
        return tear.mode

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from using the image meanwhile."""
        if self._path is None:
            yield
            return
        self._locks.append(self._lock(self._path))
        try:
            yield
        finally:
            while self._locks:
                os.close(self._locks.pop())

    def refresh(self) -> None:
        """Take over what another process wrote (an armed drill, another chip)."""
        if self._path is None:
            return
        try:
            with self._path.open("rb", buffering=0) as file:
                head = file.read(HEAD)
                seen = _stamp(file.fileno(), head)
                if seen == self._seen:
                    return
                encoded = head + file.readall()
        except OSError as failure:
            raise ImageUnreadable(path=str(self._path), rule=failure.strerror or "unreadable") from None
        self._chip, self._tear = decode(encoded)
        self._writes, self._seen = writes_of(head), seen

    def _lock(self, path: Path) -> int:
        # Writers replace the file, so the lock must be held on the file that the path names now.
        while True:
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as failure:
                raise ImageUnreadable(path=str(path), rule=failure.strerror or "unreadable") from None
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                if os.fstat(descriptor).st_ino == path.stat().st_ino:
                    return descriptor
            except FileNotFoundError:
                pass
            os.close(descriptor)

    def _write(self, chip: Chip, tear: Tear | None) -> None:
        if self._path is None:
            return
        self._writes += 1
        aside, self._seen = self._write_aside(self._path, encode(chip, tear, writes=self._writes))
        aside.replace(self._path)
        if self._fsync:
            _sync_folder(self._path.parent)

    def _write_aside(self, path: Path, encoded: bytes) -> tuple[Path, _Stamp]:
        aside = path.with_name(path.name + ".new")
        descriptor = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE)
        try:
            os.fchmod(descriptor, PRIVATE)  # also where a dead process left one behind
            if self._locks:
                # Whoever holds the old file's lock must hold the new one's before it takes the name.
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                self._locks.append(os.dup(descriptor))
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(encoded)
            if self._fsync:
                os.fsync(descriptor)
            return aside, _stamp(descriptor, encoded[:HEAD])
        finally:
            os.close(descriptor)

    def _cut_write(self, chip: Chip, phase: WritePhase) -> None:
        """Die inside a write: whatever lies aside, the image itself is untouched and the drill is over."""
        self._tear = None
        if self._path is None:
            return
        self._write(self._chip, None)
        encoded = encode(chip, None, writes=self._writes + 1)
        if phase is WritePhase.HALF_WRITTEN:
            self._write_aside(self._path, encoded[: len(encoded) // 2])
        elif phase is WritePhase.NOT_RENAMED:
            self._write_aside(self._path, encoded)


def _stamp(descriptor: int, head: bytes) -> _Stamp:
    """Inode and time alone could repeat: freed inodes come back at once, and clocks tick in milliseconds."""
    status = os.fstat(descriptor)
    return status.st_ino, status.st_mtime_ns, status.st_size, head


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
