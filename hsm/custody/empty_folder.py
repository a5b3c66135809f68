# SPDX-License-Identifier: Apache-2.0
"""A folder for what a ceremony, a handover or a backup leaves: new, or empty as a medium that was just put in. Among other files nobody tells what belongs to it."""

from pathlib import Path

from hsm.errors import KeyFileExists, KeyFileUnwritable

PRIVATE = 0o700


def make_empty_folder(path: Path) -> None:
    """Mode 0700 where it is made. Raises KeyFileExists if something lies in it, or has its name, and KeyFileUnwritable."""
    try:
        path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        lying_there = next(path.iterdir(), None)
    except FileExistsError:
        raise KeyFileExists(path=str(path)) from None
    except OSError as error:
        raise KeyFileUnwritable(path=str(path), rule=error.strerror or "can't be made") from None
    if lying_there is not None:
        raise KeyFileExists(path=str(lying_there))
