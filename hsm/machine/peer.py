# SPDX-License-Identifier: Apache-2.0
"""Who is at the other end of a UNIX socket: SO_PEERCRED, told by the kernel (unix(7))."""

import socket
import struct

_UCRED = struct.Struct("3i")  # pid, uid, gid


def peer_uid(connection: socket.socket) -> int:
    """The effective user id of the process that connected, or that listened."""
    _, uid, _ = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return int(uid)
