# SPDX-License-Identifier: Apache-2.0
"""Telling a running key process that its keys have changed: SIGHUP to whoever listens on the socket (hsm/supervisor.py)."""

import os
import signal
import socket
import struct
from pathlib import Path

from rich.console import Console

from reader_tools.cli.output import Output

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


def say_told(console: Console, output: Output, told: int | None) -> None:
    """Whether the key process knows of it: until then it works with the keys and officers that it has read."""
    said = (
        output.say("Proses kunci diberi tahu.", "The key process was told.")
        if told
        else output.say(
            "Tidak ada proses kunci yang diberi tahu; yang sedang berjalan perlu SIGHUP.",
            "No key process was told; one that runs elsewhere needs SIGHUP.",
        )
    )
    console.print(said, markup=False)
