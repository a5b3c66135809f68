# SPDX-License-Identifier: Apache-2.0
"""docs/operations/kartu-hsm.service says what the key process needs; the campaigns start it as this file does."""

import subprocess
import sys

from hsm.__main__ import EXIT_LOGIN_REFUSED
from hsm.process.command_line import parser
from tests.campaigns.keys.restarts import UNIT, Unit
from tests.hsm.running import ROOT

LINES = [line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#")]
SAID = dict(LINES)


def test_it_starts_the_key_process_itself_with_options_that_it_knows() -> None:
    words = Unit.read().words
    assert words[:3] == ["-P", "-m", "hsm"]
    known = {name for option in parser()._actions for name in option.option_strings}
    assert {word for word in words[3:] if word.startswith("--")} <= known


def test_whatever_ended_it_it_is_there_again_within_a_second_and_is_not_given_up_soon() -> None:
    assert (SAID["Restart"], SAID["KillMode"]) == ("always", "mixed")
    assert Unit.read().pause <= 0.5
    assert SAID["RestartPreventExitStatus"] == str(EXIT_LOGIN_REFUSED)  # a PIN is not tried sixty times
    assert int(SAID["StartLimitBurst"]) >= int(SAID["StartLimitIntervalSec"])


def test_folders_are_as_the_socket_and_the_state_want_them_and_no_core_is_dumped() -> None:
    assert (SAID["RuntimeDirectoryMode"], SAID["StateDirectoryMode"]) == ("0710", "0700")
    assert (SAID["LimitCORE"], SAID["UMask"]) == ("0", "0077")
    assert SAID["Group"] == "kartu"  # whom systemd gives the folder of the socket again at every reload
    words = Unit.read().words
    # Where the desk, with KARTU_DATA_DIR=/var/lib/kartu-keys, finds the lock under which workers log in (hsm/custody/opened.py).
    assert words[words.index("--state") + 1] == f"/var/lib/{SAID['StateDirectory']}/hsm/state"
    assert words[words.index("--socket") + 1] == f"/run/{SAID['RuntimeDirectory']}/keys.sock"


def test_nothing_hides_the_workers_from_the_supervisor_that_weighs_them() -> None:
    assert "ProtectProc" not in SAID


def test_who_only_serves_loads_neither_what_makes_keys_nor_the_words_of_a_refusal() -> None:
    named = "{'hsm.process.store_making', 'hsm.stores.key_generation', 'hsm.process.told_refusal', 'cardservice.texts.catalogue'}"
    told = f"import hsm.__main__, sys; print({named} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
