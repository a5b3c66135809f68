# SPDX-License-Identifier: Apache-2.0
"""Every command of ``kartu`` as a Markdown page, read from the commands themselves. ``tools/command-list`` writes it to docs/commands.md."""

from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from reader_tools.cli.app import app

HEAD = """\
# Every command

Made by `tools/command-list` from the commands themselves; `kartu COMMAND --help` tells each one's options, with an example. Settings, exit codes and what
belongs together: [kartu-command.md](kartu-command.md).
"""
EXAMPLE = "Example: "


def commands(group: TyperGroup, path: tuple[str, ...] = ("kartu",)) -> Iterator[tuple[str, str]]:
    """Each command below a group as it is typed, and its help. Nothing is listed by hand, so nothing is forgotten."""
    nowhere: Any = None  # neither our groups nor typer's look at the context for this
    for name in group.list_commands(nowhere):
        command = group.get_command(nowhere, name)
        assert command is not None, "a group lists what it has"
        if isinstance(command, TyperGroup):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command.help or ""


def command_list() -> str:
    """The whole page, a section per group, in the order in which ``kartu --help`` shows them."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    sections: dict[str, list[tuple[str, str]]] = {}
    for command, told in commands(root):
        words = command.split()
        sections.setdefault(" ".join(words[:2]), []).append((command, told))
    return "\n".join([HEAD, *(_section(name, rows) for name, rows in sections.items())])


def _section(name: str, rows: list[tuple[str, str]]) -> str:
    lines = [f"| `{command}` | {_first_sentence(told)} |" for command, told in rows]
    return "\n".join([f"## `{name}`", "| command | |", "|---|---|", *lines, ""])


def _first_sentence(told: str) -> str:
    """The first paragraph up to its first full stop; a bar would end the cell."""
    paragraph = " ".join(told.split("\n\n", maxsplit=1)[0].split()).removeprefix(EXAMPLE)
    sentence = paragraph.partition(". ")[0].rstrip(".")
    return sentence.replace("|", "\\|")
