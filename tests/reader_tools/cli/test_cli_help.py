# SPDX-License-Identifier: Apache-2.0
"""Every command of the bureau: --json, --help with an example of itself, and its place in the table."""

import pytest

from tests.reader_tools.cli.desk import Desk

COMMANDS = (
    "hsm init",
    "hsm start",
    "hsm status",
    "keys list",
    "keys attest",
    "keys publish",
    "serve",
    "member import",
    "intermediary add",
    "intermediary list",
    "intermediary show",
    "intermediary suspend",
    "intermediary reinstate",
    "order place",
    "order approve",
    "order list",
    "stock receive",
    "stock count",
    "verifier add",
    "verifier list",
    "verifier revoke",
    "card info",
    "card personalize",
    "card resume",
    "card void",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_json_and_an_example(bare_desk: Desk, command: str) -> None:
    bare_desk.set("COLUMNS", "200")
    ended = bare_desk(*command.split(), "--help")
    assert ended.code == 0
    assert "--json" in ended.out
    assert f"Example: kartu {command}" in ended.out


@pytest.mark.parametrize("group", ["hsm", "keys", "member", "intermediary", "order", "stock", "verifier", "card"])
def test_a_group_shows_its_commands_and_an_example(bare_desk: Desk, group: str) -> None:
    ended = bare_desk(group, "--help")
    assert f"Example: kartu {group} " in ended.out
    own = [command.split()[1] for command in COMMANDS if command.startswith(f"{group} ")]
    assert [name for name in own if name not in ended.out] == []


def test_personalize_names_no_pin_option(bare_desk: Desk) -> None:
    """A PIN on the command line would stand in the list of processes."""
    ended = bare_desk("card", "personalize", "x", "--pin", "123456")
    assert ended.code == 2
