# SPDX-License-Identifier: Apache-2.0
"""A bare trip: one process sends another as many bytes as a question has over a UNIX socket, and gets as many as an answer has; no more.

What a trip to the key process costs at the least, in the same language on the same machine.
"""

import os
import socket
from statistics import median

from cardservice.clock import monotonic

QUESTION, ANSWER = 400, 75  # bytes, about: an eligibility token to be signed, and a signature, in their frames
TRIPS = 3_000


def bare_trip_seconds(trips: int = TRIPS) -> float:
    """The median of many, one after the other."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    child = os.fork()
    if child == 0:
        try:
            here.close()
            while there.recv(QUESTION, socket.MSG_WAITALL):
                there.sendall(bytes(ANSWER))
        finally:
            os._exit(0)
    there.close()
    taken = []
    with here:
        for _ in range(trips):
            begin = monotonic()
            here.sendall(bytes(QUESTION))
            here.recv(ANSWER, socket.MSG_WAITALL)
            taken.append(monotonic() - begin)
    os.waitpid(child, 0)
    return median(taken)
