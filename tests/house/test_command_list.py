# SPDX-License-Identifier: Apache-2.0
"""docs/commands.md has every command, and says what the commands say of themselves today; the README names every group."""

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from reader_tools.cli.app import KartuGroup, app
from reader_tools.cli.command_list import command_list, commands

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "commands.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == command_list(), "run tools/command-list"


def test_every_command_has_its_row() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    every = [command for command, _ in commands(root)]
    assert len(every) > 60
    assert re.findall(r"^\| `(kartu [^`]+)` \| \S", command_list(), re.MULTILINE) == every


def test_a_new_command_makes_the_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotage control: a command that nobody put into the page."""
    monkeypatch.setattr(KartuGroup, "entries", {**KartuGroup.entries, "new": KartuGroup.entries["doctor"]})
    assert PAGE.read_text(encoding="utf-8") != command_list()


def test_the_readme_names_every_group() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in KartuGroup.entries if f"`kartu {name}" not in readme] == []
