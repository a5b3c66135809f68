# SPDX-License-Identifier: Apache-2.0
"""A file that a desk keeps: replaced whole and durably, so that whoever reads finds the old one or the new one, after a power cut too."""

import os
from pathlib import Path

from reader_tools.errors import DataFolderUnusable

PRIVATE = 0o700


def keep(path: Path, content: bytes) -> None:
    """Put ``content`` in the file's place; its folder is made if it is not there. Raises DataFolderUnusable."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name, not only what it names
        finally:
            os.close(folder)
    except OSError as failed:
        draft.unlink(missing_ok=True)
        raise DataFolderUnusable(path=str(path), rule=failed.strerror or "can't be written") from None
