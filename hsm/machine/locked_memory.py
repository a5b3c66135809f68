# SPDX-License-Identifier: Apache-2.0
"""Numbers that several processes count together: shared memory with a lock that the system opens again when its holder is killed."""

import fcntl
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from hsm.machine.state_folder import state_errors


class LockedMemory:
    """``cells`` doubles, all zero at first, shared by a process and those it forks. To be used inside ``with``, by one thread.

    With ``path`` they lie in that file, and are found there again; it is mode 0600 and grows to its size. Raises StateUnusable.

    The lock is a record lock (fcntl(2), F_SETLKW): it belongs to a process, so that a forked one does not hold it, and a dead one
    does not keep it.
    """

    def __init__(self, cells: int, path: Path | None = None) -> None:
        if path is None:
            self._descriptor = os.memfd_create("kartu-counts")
            os.ftruncate(self._descriptor, cells * 8)
        else:
            with state_errors(path):
                self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
                # Blocks, not only a length: a full disk shows now, and not as SIGBUS at a write (posix_fallocate(3)).
                os.posix_fallocate(self._descriptor, 0, cells * 8)
        self._memory = mmap.mmap(self._descriptor, cells * 8)
        self.cells: Final = memoryview(self._memory).cast("d")

    def __enter__(self) -> "memoryview[float]":
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        return self.cells

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    @contextmanager
    def in_turn(self, meanwhile: Callable[[], None]) -> Iterator[None]:
        """As ``with``, for whoever may wait long: while another has it, ``meanwhile`` is called again and again, and should take its time."""
        while not self._is_free():
            meanwhile()
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def _is_free(self) -> bool:
        """Whether it was, and is ours now."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # EAGAIN or EACCES (fcntl(2), F_SETLK)
            return False
        return True

    def close(self) -> None:
        """Give the memory back."""
        self.cells.release()
        self._memory.close()
        os.close(self._descriptor)
