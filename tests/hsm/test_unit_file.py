# SPDX-License-Identifier: Apache-2.0
"""docs/operations/kartu-hsm.service says what the key process needs; the campaigns start it as this file does."""

import typer.main

from reader_tools.cli.hsm import app
from tests.campaigns.keys.restarts import UNIT, Unit

LINES = [line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#")]
SAID = dict(LINES)


def test_it_starts_what_kartu_has_with_options_that_it_knows() -> None:
    words = Unit.read().words
    assert words[:2] == ["hsm", "start"]
    start = typer.main.get_command(app).commands["start"]  # type: ignore[attr-defined] # a group of commands
    known = {name for option in start.params for name in option.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_whatever_ended_it_it_is_there_again_within_a_second_and_is_not_given_up_soon() -> None:
    assert (SAID["Restart"], SAID["KillMode"]) == ("always", "mixed")
    assert Unit.read().pause <= 0.5
    assert int(SAID["StartLimitBurst"]) >= int(SAID["StartLimitIntervalSec"])


def test_folders_are_as_the_socket_and_the_state_want_them_and_no_core_is_dumped() -> None:
    assert (SAID["RuntimeDirectoryMode"], SAID["StateDirectoryMode"]) == ("0710", "0700")
    assert (SAID["LimitCORE"], SAID["UMask"]) == ("0", "0077")
    named = [value for name, value in LINES if name == "Environment"]
    assert f"KARTU_DATA_DIR=/var/lib/{SAID['StateDirectory']}" in named
    assert f"KARTU_HSM_SOCKET=/run/{SAID['RuntimeDirectory']}/keys.sock" in named
