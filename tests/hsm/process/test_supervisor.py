# SPDX-License-Identifier: Apache-2.0
"""The supervisor with real processes: workers die, hang, fail and are replaced, and callers notice as little as can be."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from hsm.client.key_process import KeyProcess
from hsm.errors import HsmError, RateExceeded
from hsm.limits.rate_limit import DEFAULT_RATES
from tests.hsm.running import eventually, hsm_process, is_alive, run_hsm, short_folder, workers_of


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
