# SPDX-License-Identifier: Apache-2.0
"""The port of a walk's service: claimed for the whole walk, for the service itself goes down and comes back in the middle of it."""

import errno
import socket

LOOPBACK = "127.0.0.1"
ANY_FREE = 0


def claimed(port: int) -> socket.socket | None:
    """A claim that keeps every other walk on this machine off the port until it is closed or its process ends; None where another walk has it.

    It is a name in the abstract namespace of UNIX sockets (unix(7)): taken at once or not at all, and nothing to clean up.
    """
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0kartu-walk-{port}")
    except OSError:
        claim.close()
        return None
    return claim


def taken(port: int) -> bool:
    """Whether somebody listens there, so that a service which did not start may have failed for that."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind((LOOPBACK, port))
        except OSError as refused:
            return refused.errno == errno.EADDRINUSE
    return False
