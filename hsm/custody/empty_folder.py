# SPDX-License-Identifier: Apache-2.0
"""A folder for what a ceremony, a handover or a backup leaves: new, or empty as a medium that was just put in. Among other files nobody tells what belongs to it."""

from pathlib import Path

from hsm.errors import KeyFileExists, KeyFileUnwritable

PRIVATE = 0o700


def make_private_folder(path: Path) -> None:
    """Mode 0700, if it is not there. Raises KeyFileExists for something else of its name, and KeyFileUnwritable."""
    try:
        path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    except FileExistsError:
        raise KeyFileExists(path=str(path)) from None
    except OSError as error:
        raise KeyFileUnwritable(path=str(path), rule=error.strerror or "can't be made") from None


def make_empty_folder(path: Path) -> None:
    """The same. Raises KeyFileExists if something lies in it, too."""
    make_private_folder(path)
    lying_there = next(path.iterdir(), None)
    if lying_there is not None:
        raise KeyFileExists(path=str(lying_there))
