# SPDX-License-Identifier: Apache-2.0
"""A secret that is told once: into a new file for its owner only, or on the screen."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, TypeAlias

import typer

from reader_tools.errors import FileUnwritable

OWNER_ONLY = 0o600

SecretFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Write the secret into this new file (mode 0600) instead of showing it.", show_default=False),
]


@contextmanager
def new_file(path: Path | None) -> Iterator[IO[str] | None]:
    """A new file for its owner only, taken away again if nothing came of it. Raises FileUnwritable."""
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    except OSError as failed:
        raise FileUnwritable(path=str(path), rule=failed.strerror or "can't be made") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        try:
            yield file
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def write_secret(file: IO[str], secret: str) -> None:
    """One line, on the disk before anything else happens: a secret that nobody holds would be of no use."""
    file.write(f"{secret}\n")
    file.flush()
    os.fsync(file.fileno())
