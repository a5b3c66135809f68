# SPDX-License-Identifier: Apache-2.0
"""The socket that the key process listens on: mode 0600, in a folder of mode 0700 that belongs to the same user."""

import os
import socket
import stat
from pathlib import Path

from hsm.errors import SocketUnusable

MAX_PATH_LENGTH = 107  # sun_path (unix(7))
BACKLOG = 128


def listen(path: Path) -> socket.socket:
    """A listening socket at ``path``; a stale one left by a dead process is replaced. Raises SocketUnusable."""
    if len(os.fsencode(path)) > MAX_PATH_LENGTH:
        raise SocketUnusable(path=str(path), rule=f"the path is longer than {MAX_PATH_LENGTH} bytes")
    _make_private_folder(path.parent)
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Made closed rather than closed afterwards: nobody connects in between.
    previous = os.umask(0o177)
    try:
        listening.bind(str(path))
    except OSError as error:
        listening.close()
        raise SocketUnusable(path=str(path), rule=error.strerror or "can't bind") from None
    finally:
        os.umask(previous)
    listening.listen(BACKLOG)
    return listening


def _make_private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise SocketUnusable(path=str(folder), rule=error.strerror or "can't be made") from None
    if found.st_uid != os.geteuid():
        raise SocketUnusable(path=str(folder), rule="the folder must belong to the user who runs the key process")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise SocketUnusable(path=str(folder), rule="the folder must be closed to group and world (mode 0700)")


def _remove_stale(path: Path) -> None:
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise SocketUnusable(path=str(path), rule="something that is no socket has this name")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise SocketUnusable(path=str(path), rule="another key process is listening here")
