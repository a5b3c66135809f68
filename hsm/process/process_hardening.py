# SPDX-License-Identifier: Apache-2.0
"""Keeping the keys out of files and other processes: no core dump, no ptrace by the same user (prctl(2), PR_SET_DUMPABLE)."""

import ctypes
import os
import resource

from hsm.errors import CoreDumpsOn

_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4


def harden_process() -> None:
    """Set core size 0 and dumpable 0, and look that both are. Raises CoreDumpsOn."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) or libc.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0):
        raise CoreDumpsOn(rule="prctl PR_SET_DUMPABLE")
