# SPDX-License-Identifier: Apache-2.0
"""Nonces of grants that were used: one file each, so that the file system itself decides which of two workers was first."""

import os
from contextlib import suppress
from pathlib import Path

from hsm.errors import GrantSpent
from hsm.machine.state_folder import state_errors


class SpentNonces:
    """A folder of empty files named ``END-NONCE``. Durable before ``spend`` returns; forgotten once the grant has run out anyway."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with state_errors(folder):
            folder.mkdir(mode=0o700, exist_ok=True)

    def spend(self, nonce: bytes, not_after: int, now: int) -> None:
        """Use a nonce once. Raises GrantSpent the second time, StateUnusable where it can't be written down."""
        path = self._folder / f"{not_after}-{nonce.hex()}"
        with state_errors(path):
            self._forget(now)
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            except FileExistsError:
                raise GrantSpent(rule="a grant is used once") from None
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _forget(self, now: int) -> None:
        for path in self._folder.iterdir():
            end = path.name.partition("-")[0]
            # A day later, so that a clock put back a little gives no grant a second life.
            if end.isdecimal() and int(end) + 86_400 < now:
                with suppress(OSError):
                    path.unlink()
