# SPDX-License-Identifier: Apache-2.0
"""SIGHUP while the key process still starts: a worker may have opened the keys before custody changed them, so it is replaced once all serve."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.hsm.process.test_failing_workers import supervised
from tests.hsm.running import ROOT, eventually, run_hsm, short_folder

# The first worker tells its supervisor of a change before it serves, and serves once the supervisor has taken the signal.
TELLING = (
    "import signal, pathlib; told = lambda: int(pathlib.Path(f'/proc/{os.getppid()}/status').read_text().partition('ShdPnd:')[2].split()[0], 16) & 1; "
    "os.kill(os.getppid(), signal.SIGHUP) if not began else None; [time.sleep(0.01) for _ in iter(told, 0)]; "
    "seat.tell_ready(); print('serves', flush=True); time.sleep(60)"
)
DEAF_AT_START = (
    "real, calls = supervisor.Supervisor._outdate, []\n"
    "supervisor.Supervisor._outdate = lambda self: calls.append(1) or (len(calls) > 1 and real(self))"
)


def test_who_opened_the_keys_before_the_hangup_is_replaced() -> None:
    with supervised(TELLING) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(4)] == ["began\n", "serves\n"] * 2
        process.terminate()
        assert process.wait(30) == 0


def test_sabotage_a_hangup_that_the_start_swallows_leaves_earlier_keys_at_work() -> None:
    with supervised(TELLING, DEAF_AT_START) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["began\n", "serves\n"]
        process.send_signal(
            signal.SIGHUP
        )  # one later is heard: it replaces the one that the first should have replaced
        assert [process.stdout.readline() for _ in range(2)] == ["began\n", "serves\n"]
        process.terminate()
        assert process.communicate(timeout=30)[0] == ""


# The key process, told the moment before its supervisor asks for signals.
TOLD_EARLY = """
import os, signal, sys
import hsm.__main__ as program
real = program.Supervisor
def told(*words, **named):
    os.kill(os.getpid(), signal.SIGHUP)
    return real(*words, **named)
program.Supervisor = told
{sabotage}
sys.exit(program.main(sys.argv[1:]))
"""


def told_early(folder: Path, sabotage: str = "") -> "subprocess.Popen[str]":
    assert run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass").returncode == 0
    line = ["--store", folder / "keys", "--passphrase-file", folder / "pass", "--socket", folder / "run" / "s"]
    program = [sys.executable, "-c", TOLD_EARLY.format(sabotage=sabotage), *map(str, line), "--workers", "1"]
    with (folder / "log").open("w") as log:
        return subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)


def test_a_hangup_before_the_supervisor_asks_for_signals_waits_for_it() -> None:
    with short_folder() as folder, told_early(folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert eventually(lambda: "replaced workers=1" in (folder / "log").read_text())
        process.terminate()
        assert process.wait(30) == 0


def test_sabotage_unblocked_it_ends_the_program() -> None:
    with short_folder() as folder, told_early(folder, "program.signal.pthread_sigmask = lambda *_: None") as process:
        assert process.wait(60) == -signal.SIGHUP
