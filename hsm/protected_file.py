# SPDX-License-Identifier: Apache-2.0
"""Files that only their owner may read: written whole or not at all, refused when they lie open."""

import os
import stat
from pathlib import Path

from hsm.errors import KeyFileExists, KeyFileMissing, KeyFileUnprotected

OWNER_ONLY = 0o600
OTHERS = 0o077


def read_protected(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of ours, closed to group and world and at most ``limit`` long; never through a symbolic link."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyFileMissing(path=str(path)) from None
    except OSError as error:
        raise KeyFileUnprotected(path=str(path), rule=f"could not be opened ({error.strerror})") from None
    try:
        refuse_open_to_others(path, os.fstat(fd), limit)
    except KeyFileUnprotected:
        os.close(fd)
        raise
    with os.fdopen(fd, "rb") as file:
        return file.read(limit)


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
    """Write a new file, mode 0600, durable before it has its name; an existing file of that name is never touched."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, OWNER_ONLY)
            file.write(content)
            file.flush()
            os.fsync(fd)
        try:
            # link, unlike rename, refuses a name that is taken.
            os.link(draft, path)
        except FileExistsError:
            raise KeyFileExists(path=str(path)) from None
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
