# SPDX-License-Identifier: Apache-2.0
"""What the key process must remember beside the keys, in a folder of mode 0700: counters, revoked cards, grants that were used."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hsm.errors import StateUnusable


def open_state_folder(path: Path) -> Path:
    """The folder, made if it is missing. Raises StateUnusable unless it is ours alone and can be written."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError as error:
        raise StateUnusable(path=str(path), rule=error.strerror or "can't be made") from None
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise StateUnusable(path=str(path), rule="the folder must be ours and closed to group and world (mode 0700)")
    if not os.access(path, os.W_OK | os.X_OK):
        raise StateUnusable(path=str(path), rule="the folder can't be written to")
    return path


@contextmanager
def state_errors(path: Path) -> Iterator[None]:
    """What the system says of a file of the state becomes StateUnusable: the operation is refused, and the process goes on."""
    try:
        yield
    except OSError as error:
        raise StateUnusable(path=str(path), rule=error.strerror or "unusable") from None
