# SPDX-License-Identifier: Apache-2.0
"""The socket that the key process listens on: mode 0600 in a folder of mode 0700 of the same user, or open to one group and no more."""

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hsm.errors import SocketUnusable

MAX_PATH_LENGTH = 107  # sun_path (unix(7))
BACKLOG = 128


def listen(path: Path, *, group: int | None = None) -> socket.socket:
    """A listening socket at ``path``; one that is there is replaced, so hold the place (``listening_at``). Raises SocketUnusable.

    With ``group``, a group id, its members may connect too: folder 0710 and socket 0660, both of that group. Who they are is asked of
    the kernel at every connection (peer.py).
    """
    if len(os.fsencode(path)) > MAX_PATH_LENGTH:
        raise SocketUnusable(path=str(path), rule=f"the path is longer than {MAX_PATH_LENGTH} bytes")
    _make_private_folder(path.parent, group)
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Made closed rather than closed afterwards: nobody connects in between.
    previous = os.umask(0o177)
    try:
        listening.bind(str(path))
        if group is not None:
            os.chown(path, -1, group)
            path.chmod(0o660)
    except OSError as error:
        listening.close()
        raise SocketUnusable(path=str(path), rule=error.strerror or "can't bind") from None
    finally:
        os.umask(previous)
    listening.listen(BACKLOG)
    return listening


@contextmanager
def listening_at(path: Path, *, group: int | None = None) -> Iterator[socket.socket]:
    """The same for as long as it is needed; its name is gone afterwards. Only one process can have it.

    Who has it is told by a record lock (fcntl(2)) on a file beside the socket: it ends with the process that listens, and is not its
    children's. So the next one need not wait until the workers of a killed one have said farewell to their callers.
    """
    _make_private_folder(path.parent, group)
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SocketUnusable(path=f"{path}.lock", rule=error.strerror or "can't be opened") from None
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SocketUnusable(path=str(path), rule="another key process is listening here") from None
        with listen(path, group=group) as listening:
            try:
                yield listening
            finally:
                path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _make_private_folder(folder: Path, group: int | None) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if group is not None and found.st_uid == os.geteuid():
            os.chown(folder, -1, group)
            folder.chmod(0o710)
            found = folder.stat()
    except OSError as error:
        raise SocketUnusable(path=str(folder), rule=error.strerror or "can't be made") from None
    if found.st_uid != os.geteuid():
        raise SocketUnusable(path=str(folder), rule="the folder must belong to the user who runs the key process")
    if stat.S_IMODE(found.st_mode) & (0o077 if group is None else 0o067):
        raise SocketUnusable(path=str(folder), rule="the folder must be closed to group and world (mode 0700)")


def _remove_stale(path: Path) -> None:
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise SocketUnusable(path=str(path), rule="something that is no socket has this name")
    path.unlink(missing_ok=True)
