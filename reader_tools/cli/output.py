# SPDX-License-Identifier: Apache-2.0
"""What ``kartu`` prints: words for people, or with ``--json`` one JSON document."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.table import Table

from cardservice.texts.catalogue import Language
from reader_tools.cli.settings import Settings

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]


@dataclass(frozen=True, slots=True)
class Output:
    """Where one command's result goes, and in which form and language."""

    as_json: bool
    language: Language
    console: Console = field(default_factory=lambda: Console(file=sys.stdout, highlight=False, soft_wrap=True))

    @classmethod
    def of(cls, settings: Settings, *, as_json: bool) -> "Output":
        """The output that a command's ``--json`` and the settings ask for."""
        return cls(as_json, settings.language)

    def say(self, indonesian: str, english: str) -> str:
        """The one of both that the user reads."""
        return indonesian if self.language is Language.INDONESIAN else english

    def show(self, document: Mapping[str, object], people: Callable[[Console], None]) -> None:
        """The result: the document as JSON, or ``people``, which prints it for a person."""
        if self.as_json:
            print_json(document)
        else:
            people(self.console)

    def event(self, document: Mapping[str, object], line: str) -> None:
        """One of many results of a command that goes on: a JSON document per line, or a line for a person, at once."""
        if self.as_json:
            print_json(document, indent=None)
        else:
            self.console.print(line)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
        """Rows under headings."""
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*row)
        return table


def print_json(document: Mapping[str, object], *, indent: int | None = 2) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=indent, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    return str(value)
