# SPDX-License-Identifier: Apache-2.0
"""The supervisor with real processes: workers die, hang, fail and are replaced, and callers notice as little as can be."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from hsm.client import KeyProcess
from hsm.errors import HsmError, RateExceeded
from hsm.rate_limit import DEFAULT_RATES
from hsm.worker_process import resident_kib
from tests.hsm.running import ROOT, eventually, hsm_process, run_hsm, short_folder, workers_of


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    with short_folder() as folder:
        assert run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass").returncode == 0
        yield folder


@contextmanager
def asking(path: Path, question: Callable[[KeyProcess], object], callers: int = 4) -> Iterator[list[object]]:
    """Callers that ask the same question over and over; what they were answered, or the errors that they met."""
    answers: list[object] = []
    stop = threading.Event()

    def ask() -> None:
        with KeyProcess(path, deadline=10) as keys:
            while not stop.is_set():
                try:
                    answers.append(question(keys))
                except HsmError as error:
                    answers.append(error)

    threads = [threading.Thread(target=ask) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield answers
        before = len(answers)
        assert eventually(lambda: len(answers) > before + 2 * callers)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def is_replaced(process: "subprocess.Popen[str]", count: int) -> bool:
    """As many workers as there should be, none of them dead."""
    return len(list(filter(is_alive, workers_of(process)))) == count


def is_alive(pid: int) -> bool:
    """There, and no zombie that waits to be buried."""
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def has_gone(pid: int) -> bool:
    """No longer there, but for a name that nobody asks for."""
    return not is_alive(pid)


def test_a_living_socket_is_not_taken_over(made: Path) -> None:
    options = ("--store", made / "keys", "--passphrase-file", made / "pass", "--socket", made / "run" / "s")
    with hsm_process(made, "--workers", "1"), KeyProcess(made / "run" / "s") as keys:
        second = run_hsm(*options)
        assert second.returncode == 1
        assert "another key process is listening here" in second.stderr
        assert keys.ping() == "software"


def test_each_worker_opens_the_keys_and_the_supervisor_holds_none(made: Path) -> None:
    (made / "log").unlink(missing_ok=True)
    with hsm_process(made, "--workers", "2") as process:
        assert len(workers_of(process)) == 2
    log = (made / "log").read_text()
    assert log.count("worker serves") == 2
    assert f"worker serves pid={process.pid} " not in log


def test_a_killed_worker_is_replaced_and_callers_are_answered(made: Path) -> None:
    with hsm_process(made, "--workers", "2") as process, KeyProcess(made / "run" / "s") as keys:
        (index,) = keys.blind_index.blind_index([b"value"])
        with asking(made / "run" / "s", lambda asked: asked.blind_index.blind_index([b"value"])[0]) as answers:
            for _ in range(3):
                killed = workers_of(process)[0]
                os.kill(killed, signal.SIGKILL)
                assert eventually(lambda: is_replaced(process, 2))
        assert set(answers) == {index}


def test_a_hangup_replaces_all_workers_and_loses_no_request_not_even_an_opening(made: Path) -> None:
    with hsm_process(made, "--workers", "2") as process, KeyProcess(made / "run" / "s") as keys:
        before = workers_of(process)
        (sealed,) = keys.sealer.seal([("row/1", b"value")])
        openings = iter(range(150))  # below the burst that the rate limit allows

        def question(asked: KeyProcess) -> bytes:
            if next(openings, None) is None:
                return asked.ping().encode()
            return asked.sealer.unseal("row/1", sealed, reason="test")

        with asking(made / "run" / "s", question) as answers:
            process.send_signal(signal.SIGHUP)
            assert eventually(lambda: not set(workers_of(process)) & set(before) and len(workers_of(process)) == 2)
        assert set(answers) == {b"value", b"software"}


def test_a_hangup_over_broken_keys_keeps_the_old_workers(made: Path) -> None:
    right = (made / "pass").read_bytes()
    with hsm_process(made, "--workers", "2") as process, KeyProcess(made / "run" / "s") as keys:
        before = workers_of(process)
        try:
            (made / "pass").write_bytes(b"another passphrase\n")
            process.send_signal(signal.SIGHUP)
            assert eventually(lambda: "workers not replaced: hsm-passphrase-wrong" in (made / "log").read_text())
            assert workers_of(process) == before
            assert keys.ping() == "software"
        finally:
            (made / "pass").write_bytes(right)


def test_one_read_of_an_inherited_passphrase_lasts_for_all_workers_to_come(made: Path) -> None:
    reads, writes = os.pipe()
    os.write(writes, (made / "pass").read_bytes())
    os.close(writes)
    with hsm_process(made, "--workers", "1", passphrase=("--passphrase-fd", str(reads))) as process:
        os.close(reads)
        (first,) = workers_of(process)
        os.kill(first, signal.SIGKILL)
        with KeyProcess(made / "run" / "s", deadline=10) as keys:
            assert keys.ping() == "software"
        (second,) = workers_of(process)
        assert first != second


def test_keys_may_be_named_by_a_uri(made: Path) -> None:
    uri = f"file:{made / 'keys'}?pin-source=file:{made / 'pass'}"
    where = ("--keys", uri, "--state", str(made / "state"))
    with hsm_process(made, keys=where), KeyProcess(made / "run" / "s") as keys:
        assert keys.ping() == "software"
    assert (made / "state" / "revoked-cards").exists()


@pytest.mark.parametrize(
    "line",
    [
        ("--keys", "file:/k?pin-source=file:/p", "--init"),
        ("--keys", "file:/k?pin-source=file:/p", "--socket", "s"),
        ("--store", "k", "--socket", "s"),
        ("--keys", "file:/k?pin-source=file:/p", "--state", "d", "--socket", "s", "--passphrase-file", "p"),
        ("--store", "k", "--passphrase-file", "p", "--socket", "s", "--workers", "0"),
    ],
    ids=["init by uri", "no state", "no passphrase", "two passphrases", "no workers"],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(line: tuple[str, ...]) -> None:
    assert run_hsm(*line).returncode == 2


def test_workers_end_with_a_killed_supervisor_and_the_next_one_takes_the_socket(made: Path) -> None:
    with hsm_process(made, "--workers", "2") as process:
        orphans = workers_of(process)
        process.kill()
        process.wait()
        assert (made / "run" / "s").exists()
        with hsm_process(made, "--workers", "2"), KeyProcess(made / "run" / "s") as keys:
            assert keys.ping() == "software"
        assert eventually(lambda: not any(map(is_alive, orphans)))


def supervised(work: str, settings: str = "pass") -> "subprocess.Popen[str]":
    """A supervisor of one worker of a toy kind, with less patience than it has for real ones."""
    program = (
        "import os, sys, time\n"
        "from cardservice.clock import monotonic\n"
        "from hsm import supervisor\n"
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
    assert eventually(partial(has_gone, orphan("from hsm.dead_mans_alarm import wind; wind(-4.9)")))


def test_sabotage_without_the_alarm_it_keeps_what_it_has_for_ever() -> None:
    unwound, wound = orphan("pass"), orphan("from hsm.dead_mans_alarm import wind; wind(-4.5)")
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


def test_a_worker_that_can_not_even_begin_says_why_at_once() -> None:
    with supervised("raise WrongPassphrase") as process:
        told, error = process.communicate(timeout=60)
    assert (process.returncode, told.count("began")) == (1, 1)
    assert error.splitlines()[-1] == "hsm-passphrase-wrong"


def test_an_unforeseen_end_is_told_by_its_kind_and_not_by_its_text() -> None:
    with supervised("raise RuntimeError('secret')") as process:
        _, error = process.communicate(timeout=60)
    assert error.splitlines()[-1] == "hsm-worker-failed (ended_by=RuntimeError)"


def test_callers_are_spread_over_the_workers(made: Path) -> None:
    (made / "log").unlink(missing_ok=True)
    with ExitStack() as callers, hsm_process(made, "--workers", "2"):
        for _ in range(8):
            callers.enter_context(KeyProcess(made / "run" / "s")).ping()
        # It ended with all of them connected.
    counts = [int(count) for count in re.findall(r"worker ends pid=\d+ callers=(\d+)", (made / "log").read_text())]
    assert sum(counts) == 8
    assert min(counts) >= 2


def test_two_workers_together_let_through_what_one_would(made: Path, tmp_path: Path) -> None:
    opened = 0
    with (
        hsm_process(made, "--workers", "2", "--state", str(tmp_path / "state")),
        KeyProcess(made / "run" / "s") as one,
        KeyProcess(made / "run" / "s") as other,
    ):
        (sealed,) = one.sealer.seal([("row/1", b"value")])
        other.ping()  # connected, and so with the other worker
        with suppress(RateExceeded):
            for _ in range(2000):
                for keys in (one, other):
                    keys.sealer.unseal("row/1", sealed, reason="test")
                    opened += 1
    burst = DEFAULT_RATES["unseal"].burst
    assert burst <= opened < 2 * burst
