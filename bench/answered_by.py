# SPDX-License-Identifier: Apache-2.0
"""Which key process answers on a socket now: the kernel tells who listens there (unix(7), SO_PEERCRED), and a ping that somebody is at work."""

import socket
import struct
import time
from pathlib import Path

from cardservice.clock import monotonic
from hsm.wire.protocol import LENGTH_SIZE, encoded_request, frame_length, frame_of
from hsm.wire.requests import Ping

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
_QUESTION = frame_of([encoded_request(Ping())])
_PATIENCE = 0.5  # seconds for one answer
_PAUSE = 0.005  # seconds between tries


def answered_by(path: Path) -> int | None:
    """Process id of the supervisor whose worker has just answered, or None where nobody did."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(_PATIENCE)
            caller.connect(str(path))
            pid, _, _ = _CREDENTIALS.unpack(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
            caller.sendall(_QUESTION)
            head = caller.recv(LENGTH_SIZE, socket.MSG_WAITALL)
            if len(head) < LENGTH_SIZE or not caller.recv(frame_length(head)):
                return None
    except OSError:
        return None
    return int(pid)


def answered_by_another(path: Path, than: int, patience: float) -> float | None:
    """When, on the clock of ``monotonic``, another process than that one answered first; None where none did for so many seconds."""
    until = monotonic() + patience
    while monotonic() < until:
        if answered_by(path) not in {None, than}:
            return monotonic()
        time.sleep(_PAUSE)
    return None
