# SPDX-License-Identifier: Apache-2.0
"""The key process: ES256 and secure channels through the socket beside the same library in process, latencies, and how soon a killed worker is back.

Callers and workers share this machine's cores, so a rate through the socket counts the callers' work too. The reference is one thread of
one process that calls the back end's library, as the worker does.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from bench.figure import Figure
from bench.key_process import ROOT, RunningKeys, has_softhsm, running_keys, sealed_file, softhsm_token
from cardservice.clock import monotonic, now
from cardservice.keys import Purpose
from hsm.client import KeyProcess
from hsm.key_places import KeyPlaces
from hsm.key_ring import KeyRing
from hsm.key_uri import KeyUri
from hsm.open_keys import open_store
from hsm.supervisor import SHORT_LIFE
from tests.hsm.documents import token_input

SECONDS = 3.0
PROCESSES = 4
BATCH = 16
KILLS = 3
GOAL_RATIO = 0.7
GOAL_SOFTHSM = 5_000  # signatures per second
GOAL_CHANNEL = 2.0  # ms
GOAL_RESTART = 1_000.0  # ms


@dataclass(frozen=True, slots=True)
class Asked:
    """What callers saw: answers per second, their own seconds of CPU for one, and seconds per question."""

    per_second: float
    cpu: float
    latencies: list[float]

    @property
    def p50_ms(self) -> float:
        """Median, milliseconds."""
        return median(self.latencies) * 1000

    @property
    def p99_ms(self) -> float:
        """Of a hundred questions one took longer, milliseconds."""
        return quantiles(self.latencies, n=100)[98] * 1000


def figures(seconds: float = SECONDS) -> Iterator[Figure]:
    """Both back ends, one after the other."""
    yield from back_end_figures("software", sealed_file(), seconds)
    if has_softhsm():
        yield from back_end_figures("SoftHSM2", softhsm_token(), seconds)
    else:
        yield Figure.unmeasured("ES256, SoftHSM2", "/s", "softhsm2 is not here", goal=f">= {GOAL_SOFTHSM} /s")


def back_end_figures(name: str, keys: AbstractContextManager[KeyUri], seconds: float) -> Iterator[Figure]:
    """The figures of one back end."""
    with keys as uri:
        alone, library = in_process(uri, seconds)
        yield Figure(f"ES256, {name}: the library in process, one thread", alone, "/s")
        with running_keys(uri) as running:
            for batch in (BATCH, 1):
                before = cpu_seconds(running)
                seen = asked(running, "sign", PROCESSES, 1, batch, seconds)
                rate = seen.per_second
                spent = (cpu_seconds(running) - before) / len(seen.latencies) / batch
                of = f"ES256, {name}: a worker's CPU for one, {batch} per question"
                yield Figure(of, spent * 1e6, "us", "the library's CPU", spent / library)
                yield Figure.compared(
                    f"ES256, {name}: key process, {PROCESSES} callers, {batch} per question",
                    *(rate, "/s", "the library in process", alone, ">=", GOAL_RATIO),
                )
                if name != "software":
                    goal = f"ES256, {name}: the same, {batch} per question, as a rate"
                    yield Figure.judged(goal, rate, "/s", ">=", GOAL_SOFTHSM)
            for callers in (1, 16, 64):
                processes = min(callers, PROCESSES)
                seen = asked(running, "sign", processes, callers // processes, 1, seconds)
                for of, value in (("p50", seen.p50_ms), ("p99", seen.p99_ms)):
                    yield Figure(f"ES256, {name}: {of} of one question, {callers} callers", value, "ms")
            channel = asked(running, "open", 1, 1, 1, seconds)
            yield Figure.judged(f"secure channel, {name}: p50 of one", channel.p50_ms, "ms", "<=", GOAL_CHANNEL)
            yield Figure(f"secure channel, {name}: p99 of one", channel.p99_ms, "ms")
        with running_keys(uri, "--workers", "1") as running:
            back = max(killed(running) for _ in range(KILLS))
            yield Figure.judged(f"the only worker killed, {name}: answered again", back, "ms", "<=", GOAL_RESTART)


def in_process(uri: KeyUri, seconds: float) -> tuple[float, float]:
    """Signatures per second of the back end called by this thread, and its seconds of CPU for one."""
    store = open_store(KeyPlaces(uri))
    key = KeyRing(store).current(Purpose.ELIGIBILITY_TOKEN, now())
    document = token_input(key.kid, now=now())
    done, begin, cpu = 0, monotonic(), time.process_time()
    while monotonic() < begin + seconds:
        for _ in range(100):
            store.sign_es256(key, document)
        done += 100
    return done / (monotonic() - begin), (time.process_time() - cpu) / done


def cpu_seconds(running: RunningKeys) -> float:
    """That the workers have run (Linux, sched-stats.rst)."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in running.workers) / 1e9


def asked(running: RunningKeys, what: str, processes: int, callers: int, batch: int, seconds: float) -> Asked:
    """Calling processes, begun together, each with some callers."""
    line = [
        sys.executable,
        "-m",
        "bench.keys_caller",
        str(running.socket),
        what,
        str(callers),
        str(batch),
        str(seconds),
    ]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        calling = [
            stack.enter_context(subprocess.Popen(line, cwd=ROOT, stdin=pipe, stdout=pipe, text=True))
            for _ in range(processes)
        ]
        for each in calling:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in calling:
            assert each.stdin is not None
            each.stdin.write("begin\n")
            each.stdin.flush()
        told = [json.loads(each.communicate()[0]) for each in calling]
    return Asked(
        sum(one["answers"] / one["seconds"] for one in told),
        sum(one["cpu"] for one in told) / sum(one["answers"] for one in told),
        [each for one in told for each in one["latencies"]],
    )


def killed(running: RunningKeys) -> float:
    """Milliseconds from a worker's death by SIGKILL to an answer of its successor."""
    with KeyProcess(running.socket, deadline=30) as keys:
        keys.ping()
        (worker,) = running.workers
        time.sleep(SHORT_LIFE)  # one that dies younger would be replaced more slowly, as one that can't live
        begin = monotonic()
        os.kill(worker, signal.SIGKILL)
        keys.ping()
        return (monotonic() - begin) * 1000
