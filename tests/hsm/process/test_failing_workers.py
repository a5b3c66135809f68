# SPDX-License-Identifier: Apache-2.0
"""The supervisor over workers of a toy kind, which hang, fail, grow, wait for a token or are orphaned as no real one does on request."""

import os
import signal
import subprocess
import sys
from functools import partial

from hsm.process.worker_process import resident_kib
from tests.hsm.running import ROOT, eventually, is_alive, workers_of


def has_gone(pid: int) -> bool:
    """No longer there, but for a name that nobody asks for."""
    return not is_alive(pid)


def supervised(work: str, settings: str = "pass") -> "subprocess.Popen[str]":
    """A supervisor of one worker of a toy kind, with less patience than it has for real ones."""
    program = (
        "import os, sys, time\n"
        "from cardservice.clock import monotonic\n"
        "from hsm.process import supervisor\n"
        "from hsm.errors import HsmError, WrongPassphrase\n"
        "supervisor.GROWTH_KIB, supervisor.WEIGHING_SECONDS = 4096, 0.05\n"
        "supervisor.SILENCE, supervisor._TURN, supervisor.FIRST_PAUSE, supervisor.LONGEST_PAUSE = 0.5, 0.1, 0.01, 0.02\n"
        f"{settings}\n"
        "began = []\n"
        f"def work(seat):\n    print('began', flush=True)\n    {work}\n"
        "def ready(): began.append(1)\n"
        "try: supervisor.Supervisor(work, 1, monotonic=monotonic).run(ready)\n"
        "except HsmError as error: sys.exit(str(error))\n"
    )
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


def test_a_worker_that_hangs_is_noticed_and_replaced() -> None:
    with supervised("seat.tell_ready(); time.sleep(60)") as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["began\n"] * 2
        process.terminate()
        assert process.wait(30) == 0


def orphan(work: str) -> int:
    """The process id of a worker whose supervisor was killed; it hears no SIGTERM, as one that hangs in a call of a module."""
    deaf = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}); seat.tell_ready()"
    with supervised(f"{deaf}; {work}; print('deaf', flush=True); time.sleep(600)") as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["began\n", "deaf\n"]
        (pid,) = workers_of(process)
        process.kill()
    return pid


def test_an_orphan_that_hangs_is_ended_by_its_alarm() -> None:
    assert eventually(partial(has_gone, orphan("from hsm.process.dead_mans_alarm import wind; wind(-4.9)")))


def test_sabotage_without_the_alarm_it_keeps_what_it_has_for_ever() -> None:
    unwound, wound = orphan("pass"), orphan("from hsm.process.dead_mans_alarm import wind; wind(-4.5)")
    assert eventually(partial(has_gone, wound))
    assert is_alive(unwound)
    os.kill(unwound, signal.SIGKILL)


GROWING = "kept = []\n    seat.tell_ready()\n    while True: kept.append(b'x' * {size}); seat.tell_alive(time.monotonic()); time.sleep(0.02)"


def test_a_worker_that_grows_is_replaced_by_one_that_answers_before_it_leaves() -> None:
    with supervised(GROWING.format(size=500_000)) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(3)] == ["began\n"] * 3
        process.terminate()
        assert process.wait(30) == 0


def test_sabotage_one_that_nobody_weighs_grows_and_stays() -> None:
    with supervised(GROWING.format(size=500_000), "supervisor.GROWTH_KIB = 10**9") as process:
        try:
            assert eventually(lambda: bool(workers_of(process)))
            (worker,) = workers_of(process)
            small = resident_kib(worker)
            assert eventually(lambda: resident_kib(worker) > small + 3 * 4096)
            assert workers_of(process) == [worker]
        finally:
            process.terminate()


def test_workers_that_fail_again_and_again_end_it_loudly() -> None:
    with supervised("seat.tell_ready()\n    time.sleep(0.1)\n    raise WrongPassphrase") as process:
        told, error = process.communicate(timeout=60)
    assert (process.returncode, told.count("began")) == (1, 8)
    assert error.splitlines()[-1].startswith("hsm-workers-failing ")
    assert "hsm-passphrase-wrong" in error.splitlines()[-1]


def test_a_token_that_is_away_is_waited_for_as_long_as_it_takes() -> None:
    absent = "from hsm.errors import TokenNotFound; seat.tell_ready(); time.sleep(0.02); raise TokenNotFound"
    with supervised(absent, "supervisor.ABSENT_PAUSE = 0.01") as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(12)] == ["began\n"] * 12
        process.terminate()
        assert process.wait(30) == 0


def test_a_worker_that_can_not_even_begin_says_why_at_once() -> None:
    with supervised("raise WrongPassphrase") as process:
        told, error = process.communicate(timeout=60)
    assert (process.returncode, told.count("began")) == (1, 1)
    assert error.splitlines()[-1] == "hsm-passphrase-wrong"


def test_an_unforeseen_end_is_told_by_its_kind_and_not_by_its_text() -> None:
    with supervised("raise RuntimeError('secret')") as process:
        _, error = process.communicate(timeout=60)
    assert error.splitlines()[-1] == "hsm-worker-failed (ended_by=RuntimeError)"
