# SPDX-License-Identifier: Apache-2.0
"""A file that the user named on the command line."""

from pathlib import Path

from reader_tools.errors import FileUnreadable


def read_named(path: Path, most: int) -> bytes:
    """All of it, or ``most`` + 1 octets where it is longer, so that the caller's own limit sees it. Raises FileUnreadable."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as failed:
        raise FileUnreadable(path=str(path), rule=failed.strerror or "can't be read") from None
