# SPDX-License-Identifier: Apache-2.0
"""A secret that is told once: into a new file for its owner only, or on the screen."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, TypeAlias

import typer
from rich.console import Console

from reader_tools.cli.output import Output
from reader_tools.errors import FileUnwritable

OWNER_ONLY = 0o600

SecretFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Write the secret into this new file (mode 0600) instead of showing it.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a new secret will be: in ``file``, or, where there is none, on the screen."""

    path: Path | None
    file: IO[str] | None

    def keep(self, secret: str) -> None:
        """Before the transaction commits: on the disk, one line, for a partner whose secret nobody holds would be of no use."""
        if self.file is not None:
            self.file.write(f"{secret}\n")
            self.file.flush()
            os.fsync(self.file.fileno())

    def document(self, secret: str) -> dict[str, object]:
        """As JSON: the secret itself, or where it is."""
        return {"secret": secret if self.path is None else None, "secret_file": self.path}

    def tell(self, output: Output, console: Console, secret: str) -> None:
        """The last line that a person reads of a registration."""
        if self.path is not None:
            console.print(f"{output.say('Rahasia ada di', 'The secret is in')} {self.path}", markup=False)
        else:
            once = output.say("Rahasia (hanya ditampilkan sekali)", "Secret (shown this once)")
            console.print(f"{once}: {secret}", markup=False)


@contextmanager
def new_file(path: Path) -> Iterator[IO[str]]:
    """A new file for its owner only, taken away again if nothing came of it. Raises FileUnwritable."""
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


@contextmanager
def secret_place(path: Path | None) -> Iterator[SecretPlace]:
    """Where a secret will be, made before anything is registered. Raises FileUnwritable."""
    with nullcontext() if path is None else new_file(path) as file:
        yield SecretPlace(path, file)
