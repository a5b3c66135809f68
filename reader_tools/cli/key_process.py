# SPDX-License-Identifier: Apache-2.0
"""Telling a running key process that its keys have changed: SIGHUP to whoever listens on the socket (hsm/supervisor.py)."""

import os
import signal
import socket
import struct
from pathlib import Path

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7), SO_PEERCRED)
_PATIENCE = 2.0  # seconds


def told_to_open_again(path: Path) -> int | None:
    """The process id that was told, or None where nobody listens or it is not ours to tell."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(_PATIENCE)
            caller.connect(str(path))
            found = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, _ = _CREDENTIALS.unpack(found)
        if uid != os.geteuid():
            return None
        os.kill(pid, signal.SIGHUP)
    except OSError:
        return None
    return int(pid)
