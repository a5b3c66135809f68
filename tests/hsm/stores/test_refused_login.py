# SPDX-License-Identifier: Apache-2.0
"""A PIN that the token refused is tried once for each time that a person started or hung up, however many workers there are."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hsm.__main__ import EXIT_LOGIN_REFUSED
from hsm.errors import TokenLoginRefused
from hsm.stores.refused_login import RefusedLogin
from tests.hsm.running import ROOT, eventually, run_hsm, short_folder

# The key process over a token that counts its tries in a file; while ``open`` is there it takes the PIN.
COUNTING = """
import sys, time
from pathlib import Path
import hsm.__main__ as program
from hsm.__main__ import EXIT_LOGIN_REFUSED
from hsm.errors import TokenLoginRefused
folder, real = Path(sys.argv[1]), program.open_store
def counted(places):
    with (folder / "tries").open("a") as tries:
        tries.write("x")
    if not (folder / "open").exists():
        time.sleep(0.5)  # as a token takes; the others wait for their turn meanwhile
        raise TokenLoginRefused(token="token=kartu", rule="PinIncorrect")
    return real(places)
program.open_store = counted
{sabotage}
line = ["--store", folder / "keys", "--passphrase-file", folder / "pass", "--socket", folder / "run" / "s", "--workers", "3"]
sys.exit(program.main(list(map(str, line))))
"""
TRYING_AGAIN = "import contextlib; program.RefusedLogin.tried_once = lambda self: contextlib.nullcontext()"


@pytest.fixture
def made() -> Iterator[Path]:
    """A folder with development keys."""
    with short_folder() as folder:
        done = run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass")
        assert done.returncode == 0, done.stderr
        yield folder


def started(folder: Path, sabotage: str = "") -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    line = [sys.executable, "-c", COUNTING.format(sabotage=sabotage), str(folder)]
    with (folder / "log").open("w") as log:
        return subprocess.Popen(line, cwd=ROOT, stdout=pipe, stderr=log, text=True)


def tries(folder: Path) -> int:
    return len((folder / "tries").read_text())


def test_three_workers_try_it_once_between_them_and_the_end_says_that_nobody_should_start_again(made: Path) -> None:
    with started(made) as process:
        assert process.wait(60) == EXIT_LOGIN_REFUSED
    assert tries(made) == 1
    assert "hsm-token-login-refused (token=token=kartu, rule=PinIncorrect)" in (made / "log").read_text()


def test_sabotage_each_worker_for_itself_tries_again(made: Path) -> None:
    with started(made, TRYING_AGAIN) as process:
        assert process.wait(60) == EXIT_LOGIN_REFUSED
    assert tries(made) > 1


def test_refused_at_work_it_is_tried_once_for_each_hangup_and_those_who_serve_go_on(made: Path) -> None:
    (made / "open").touch()
    with started(made) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert tries(made) == 3
        (made / "open").unlink()
        for told in (1, 2):
            process.send_signal(signal.SIGHUP)
            assert eventually(lambda count=told: (made / "log").read_text().count("workers not replaced") == count)  # type: ignore[misc] # bound at once
            assert tries(made) == 3 + told
        (made / "open").touch()
        process.send_signal(signal.SIGHUP)
        assert eventually(lambda: "replaced workers=3" in (made / "log").read_text())
        process.terminate()
        assert process.wait(30) == 0


def test_what_else_goes_wrong_is_not_remembered() -> None:
    remembered = RefusedLogin()
    with pytest.raises(OSError, match="elsewhere"), remembered.tried_once():
        raise OSError("elsewhere")
    with remembered.tried_once():
        pass
    with pytest.raises(TokenLoginRefused), remembered.tried_once():
        raise TokenLoginRefused(token="t" * 5000, rule="PinLocked")
    with pytest.raises(TokenLoginRefused), remembered.tried_once():
        raise AssertionError("tried again")
