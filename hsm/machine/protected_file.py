# SPDX-License-Identifier: Apache-2.0
"""Files that only their owner may read: written whole or not at all, refused when they lie open."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hsm.errors import CustodyBusy, KeyFileExists, KeyFileMissing, KeyFileUnprotected, KeyFileUnwritable

OWNER_ONLY = 0o600
OTHERS = 0o077


def read_protected(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of ours, closed to group and world and at most ``limit`` long; never through a symbolic link."""
    return bytes(read_secret(path, limit))


def read_secret(path: Path, limit: int) -> bytearray:
    """The same as octets that can be wiped, and no other copy of them stays in this process."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyFileMissing(path=str(path)) from None
    except OSError as error:
        raise KeyFileUnprotected(path=str(path), rule=f"could not be opened ({error.strerror})") from None
    try:
        found = os.fstat(fd)
        refuse_open_to_others(path, found, limit)
        return _octets(fd, found.st_size)
    except OSError as error:
        raise KeyFileUnprotected(path=str(path), rule=f"could not be read ({error.strerror})") from None
    finally:
        os.close(fd)


def _octets(fd: int, length: int) -> bytearray:
    """A file's octets in room of just that length: what shrinks may be moved, and leaves a copy."""
    content = bytearray(length)
    read = 0
    while read < length and (more := os.preadv(fd, [memoryview(content)[read:]], read)):
        read += more
    if read < length:
        del content[read:]  # somebody cut it meanwhile
    return content


def refuse_open_to_others(path: Path, found: os.stat_result, limit: int) -> None:
    """Raise KeyFileUnprotected unless the file is regular, ours, mode 0600 or tighter, and not absurdly long."""
    broken = (
        (not stat.S_ISREG(found.st_mode), "must be a regular file"),
        (found.st_uid != os.geteuid(), "must belong to the user who runs the key process"),
        (bool(stat.S_IMODE(found.st_mode) & OTHERS), "must be closed to group and world (mode 0600)"),
        (found.st_size > limit, f"must be at most {limit} bytes"),
    )
    for is_broken, rule in broken:
        if is_broken:
            raise KeyFileUnprotected(path=str(path), rule=rule)


def create_protected(path: Path, content: bytes) -> None:
    """Write a new file, mode 0600, durable before it has its name. Raises KeyFileExists, and nothing is touched, or KeyFileUnwritable."""
    with _told(path):
        with _drafted(path, content) as draft:
            try:
                # link, unlike rename, refuses a name that is taken.
                os.link(draft, path)
            except FileExistsError:
                raise KeyFileExists(path=str(path)) from None
        _make_names_durable(path.parent)


def replace_protected(path: Path, content: bytes) -> None:
    """Put a new file, mode 0600, in place of one of ours; whole and durable, or the one before stands. Raises KeyFileUnwritable."""
    with _told(path):
        with _drafted(path, content) as draft:
            draft.replace(path)
        _make_names_durable(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock beside the file; it goes when the process does. Raises CustodyBusy if somebody else holds it, or KeyFileUnwritable."""
    lock = path.with_name(f".{path.name}.lock")
    with _told(lock):
        fd = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CustodyBusy(path=str(path)) from None
        yield
    finally:
        os.close(fd)


@contextmanager
def _drafted(path: Path, content: bytes) -> Iterator[Path]:
    """The content in a file beside ``path``, durable; whatever is left of it goes in the end."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    # Of a killed process that had our number: in a container every start may have the same.
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, OWNER_ONLY)
            file.write(content)
            file.flush()
            os.fsync(fd)
        yield draft
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the system says of a file as KeyFileUnwritable: a full disk, for one."""
    try:
        yield
    except OSError as error:
        raise KeyFileUnwritable(path=str(path), rule=error.strerror or "input/output error") from None


def _make_names_durable(parent: Path) -> None:
    folder = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
