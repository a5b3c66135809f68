# SPDX-License-Identifier: Apache-2.0
"""A ceremony that stopped after its keys were made: they are listed with a warning, and put to no work until it is held again."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hsm.custody.ceremony import Ceremony
from hsm.stores.ceremony_mark import unmark
from tests.house.checkout import ROOT
from tests.hsm.custody.ceremonies import Held, KeySet, empty_key_set
from tests.hsm.running import short_folder

VERBS: dict[str, tuple[str, ...]] = {
    "publish": ("--folder", "public"),
    "attest": ("--file", "statement"),
    "rotate": ("eligibility-token", "--id", "first"),
    "backup": ("carried",),
}


_SOURCE = ("--store", "keys.sealed", "--passphrase-file", "pass")


class PowerCut(BaseException):
    """The power goes."""


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeySet:
    """Cut at step 7: every key is there, and so is the certificate."""
    made = empty_key_set(tmp_path / "made")

    def cut(*_: object) -> None:
        raise PowerCut

    monkeypatch.setattr(Ceremony, "_try_out", cut)
    with made.custody() as custody, pytest.raises(PowerCut):
        Held(made.folder).hold(custody)
    monkeypatch.undo()
    (made.folder / "pass").write_text("a passphrase\n")
    (made.folder / "pass").chmod(0o600)
    return made


def custody_says(keys: KeySet, verb: str, *words: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "hsm.custody",
            verb,
            *words,
            *_SOURCE,
        ],
        cwd=keys.folder,
        env={"PYTHONPATH": str(ROOT), "KARTU_ENV": "test"},
        capture_output=True,
        text=True,
        check=False,
    )
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, last


def test_they_are_listed_with_the_step(stopped: KeySet) -> None:
    code, said = custody_says(stopped, "list")
    assert (code, said["result"]["unfinished_ceremony_step"]) == (0, 7)
    assert said["result"]["keys"]


@pytest.mark.parametrize("verb", VERBS)
def test_they_are_put_to_no_work(stopped: KeySet, verb: str) -> None:
    code, said = custody_says(stopped, verb, *VERBS[verb])
    assert (code, said["error"]) == (1, {"code": "hsm-ceremony-unfinished", "evidence": {"step": 7}})
    assert not {path.name for path in stopped.folder.iterdir()} & {"public", "statement", "carried"}


def start_refused(keys: KeySet) -> str:
    """What the key process says over these keys; empty where it serves."""
    with short_folder() as folder:
        where = ("--state", str(folder / "state"), "--socket", str(folder / "run" / "s"), "--workers", "1")
        process = subprocess.Popen(
            [sys.executable, "-m", "hsm", *_SOURCE, *where],
            cwd=keys.folder,
            env={"PYTHONPATH": str(ROOT), "KARTU_ENV": "test"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        is_ready = process.stdout.readline() == "ready\n"
        process.terminate()
        told = process.communicate(timeout=60)[1]
    return "" if is_ready else "".join(line for line in told.splitlines(keepends=True) if line.startswith("hsm-"))


def test_the_key_process_serves_none_of_them_wherever_the_journal_is(stopped: KeySet) -> None:
    assert start_refused(stopped).startswith("hsm-ceremony-unfinished")
    stopped.journal.unlink()
    assert start_refused(stopped).startswith("hsm-ceremony-unfinished")


def test_sabotage_without_its_mark_an_unfinished_ceremony_is_served(stopped: KeySet) -> None:
    with stopped.custody() as custody:
        unmark(custody)
    assert start_refused(stopped) == ""


def test_held_again_they_work(stopped: KeySet) -> None:
    with stopped.custody() as custody:
        Held(stopped.folder).hold(custody, out="second", again=True)
    assert custody_says(stopped, "list")[1]["result"]["unfinished_ceremony_step"] is None
    assert custody_says(stopped, "publish", *VERBS["publish"])[0] == 0
    assert start_refused(stopped) == ""


def test_sabotage_without_the_journal_nobody_knows(stopped: KeySet) -> None:
    """What the refusal hangs on: a journal that is gone."""
    stopped.journal.unlink()
    assert custody_says(stopped, "publish", *VERBS["publish"])[0] == 0
