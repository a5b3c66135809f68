# SPDX-License-Identifier: Apache-2.0
"""Every command: --json, --help with an example of itself, and its place in the table."""

import pytest
import typer
from typer.core import TyperGroup

from reader_tools.cli.app import app
from reader_tools.cli.command_list import commands
from tests.reader_tools.cli.desk import Desk

ROOT = typer.main.get_command(app)
assert isinstance(ROOT, TyperGroup)
COMMANDS = tuple(command.removeprefix("kartu ") for command, _ in commands(ROOT))
GROUPS = sorted({command.rpartition(" ")[0] for command in COMMANDS} - {""})


def test_the_tree_was_walked() -> None:
    assert {"doctor", "serve", "card verify", "card virtual insert", "reader watch", "member import"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_json_and_an_example(bare_desk: Desk, command: str) -> None:
    bare_desk.set("COLUMNS", "200")
    ended = bare_desk(*command.split(), "--help")
    assert ended.code == 0
    assert "--json" in ended.out
    assert f"Example: kartu {command}" in ended.out


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_shows_its_commands_and_an_example(bare_desk: Desk, group: str) -> None:
    ended = bare_desk(*group.split(), "--help")
    assert f"Example: kartu {group} " in ended.out
    own = [command.rpartition(" ")[2] for command in COMMANDS if command.rpartition(" ")[0] == group]
    assert [name for name in own if name not in ended.out] == []


def test_personalize_names_no_pin_option(bare_desk: Desk) -> None:
    """A PIN on the command line would stand in the list of processes."""
    ended = bare_desk("card", "personalize", "x", "--pin", "123456")
    assert ended.code == 2
