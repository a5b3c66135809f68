# SPDX-License-Identifier: Apache-2.0
"""Every ``kartu`` that a page tells somebody to type is a command that is there, with options that it has."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from reader_tools.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`kartu ([a-z][^`]*)`")
COMMENT = re.compile(r"(?:^|\s)#.*$")
SEPARATOR = re.compile(r"&&|[;&|]")
MADE = "error-book.md"  # holds {names} that are filled in when an error is told


def typed(page: str) -> Iterator[list[str]]:
    """The words of each command line in the shell blocks of a page, and in its text."""
    for block in BLOCK.findall(page):
        for line in block.replace("\\\n", " ").splitlines():
            for one in SEPARATOR.split(COMMENT.sub("", line)):
                words = shlex.split(one)
                if words[:1] == ["kartu"]:
                    yield words[1:]
    yield from (words.split() for words in INLINE.findall(page))


def wrong_with(words: list[str]) -> str | None:
    """What is no command or option of ``kartu`` in these words."""
    command: Any = typer.main.get_command(app)
    nowhere: Any = None  # our groups do not look at the context
    for place, word in enumerate(words):
        if not isinstance(command, TyperGroup):
            known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help"}
            named = [each.partition("=")[0].strip("[],") for each in words[place:]]
            return next((each for each in named if each.startswith("--") and each not in known), None)
        if not re.fullmatch(r"[a-z][a-z-]*", word):
            return None  # COMMAND, or the group's own --help
        command = command.get_command(nowhere, word)
        if command is None:
            return word
    return None


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != MADE], ids=lambda page: str(page.relative_to(ROOT))
)
def test_what_a_page_says_to_type_is_there(page: Path) -> None:
    told = [(shlex.join(words), wrong_with(words)) for words in typed(page.read_text(encoding="utf-8"))]
    assert [(line, wrong) for line, wrong in told if wrong is not None] == []


def test_commands_are_found_on_the_pages() -> None:
    told = [words for page in PAGES for words in typed(page.read_text(encoding="utf-8"))]
    assert len(told) > 100


@pytest.mark.parametrize(
    ("line", "wrong"),
    [("card verfy", "verfy"), ("card verify --ofline", "--ofline"), ("card", None), ("card verify --offline", None)],
)
def test_a_slip_would_be_seen(line: str, wrong: str | None) -> None:
    """Sabotage control."""
    assert wrong_with(line.split()) == wrong
