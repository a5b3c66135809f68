# SPDX-License-Identifier: Apache-2.0
"""The key process: ES256 and secure channels through the socket beside the same library in process, latencies, and how soon a killed worker is back.

Callers and workers share this machine's cores, so a rate through the socket counts the callers' work too. It stands beside two peers that call
the back end's library in process: one thread, as a worker does, and as many processes as there are callers, on the same cores.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.bare_trip import bare_trip_seconds
from bench.calling import Asked, Callers, callers
from bench.figure import Figure
from bench.key_process import RunningKeys, has_softhsm, running_keys, sealed_file, softhsm_token
from cardservice.clock import monotonic
from hsm.client.key_process import KeyProcess
from hsm.keys.key_uri import KeyUri
from hsm.process.supervisor import SHORT_LIFE

TURN = 0.5  # seconds
TURNS = 6
PROCESSES = 4
BATCH = 16
KILLS = 3
GOAL_RATIO = 0.7
GOAL_SOFTHSM = 5_000  # signatures per second
GOAL_CHANNEL = 2.0  # ms
GOAL_RESTART = 1_000.0  # ms


@dataclass(frozen=True, slots=True)
class Shape:
    """Who asks: so many processes, each with so many callers, for so many documents at once. The goal is for those ``judged`` (decision 0175)."""

    processes: int
    callers: int
    batch: int = 1
    are_tasks: bool = True
    judged: bool = False

    def __str__(self) -> str:
        if self.callers == 1:
            who = f"{self.processes} caller{'s' * (self.processes > 1)}"
        else:
            who = f"{self.processes} x {self.callers} {'tasks' if self.are_tasks else 'threads'}"
        return f"{who}, {self.batch} per question"


SHAPES = (
    Shape(1, 1),
    Shape(PROCESSES, 4),
    Shape(PROCESSES, 16, judged=True),
    Shape(PROCESSES, 16, are_tasks=False),
    Shape(PROCESSES, 1, BATCH, are_tasks=False, judged=True),
)


def figures(turn: float = TURN) -> Iterator[Figure]:
    """Both back ends, one after the other."""
    yield from back_end_figures("software", sealed_file(), turn)
    if has_softhsm():
        yield from back_end_figures("SoftHSM2", softhsm_token(), turn)
    else:
        yield Figure.unmeasured("ES256, SoftHSM2", "/s", "softhsm2 is not here", goal=f">= {GOAL_SOFTHSM} /s")


def back_end_figures(name: str, keys: AbstractContextManager[KeyUri], turn: float) -> Iterator[Figure]:
    """The figures of one back end."""
    with keys as uri:
        peer = ["bench.keys_library", str(uri)]
        with callers(peer, 1) as thread, callers(peer, PROCESSES) as processes, running_keys(uri) as running:
            for shape in SHAPES:
                yield from signing_figures(name, running, shape, (thread, processes), turn)
            yield from peer_figures(name, thread.asked, processes.asked)
            with through(running, "open", Shape(1, 1, are_tasks=False)) as opening:
                opening.turn(turn * TURNS)
            channel = opening.asked
            yield Figure.judged(f"secure channel, {name}: p50 of one", channel.p50_ms, "ms", "<=", GOAL_CHANNEL)
            yield Figure(f"secure channel, {name}: p99 of one", channel.p99_ms, "ms")
        with running_keys(uri, "--workers", "1") as running:
            back = max(killed(running) for _ in range(KILLS))
            yield Figure.judged(f"the only worker killed, {name}: answered again", back, "ms", "<=", GOAL_RESTART)


def signing_figures(
    name: str, running: RunningKeys, shape: Shape, peers: tuple[Callers, Callers], turn: float
) -> Iterator[Figure]:
    """Signatures through the socket for one shape of callers: as a rate beside the library's, as CPU, and as latencies."""
    for peer in peers:
        peer.forget()
    spent = 0.0
    with through(running, "sign-awaiting" if shape.are_tasks else "sign", shape) as calling:
        for _ in range(TURNS):
            before = cpu_seconds(running)
            calling.turn(turn)
            spent += cpu_seconds(running) - before
            for peer in peers:
                peer.turn(turn)
    seen, (thread, others) = calling.asked, (peer.asked for peer in peers)
    of, rate = f"ES256, {name}: {shape}", seen.per_second
    if shape.judged:
        yield Figure.compared(of, rate, "/s", "the library, 1 thread", thread.per_second, ">=", GOAL_RATIO)
        if name != "software":
            yield Figure.judged(f"{of}, as a rate", rate, "/s", ">=", GOAL_SOFTHSM)
    else:
        yield Figure(of, rate, "/s", "the library, 1 thread", rate / thread.per_second)
    if shape.processes > 1:
        yield Figure(of, rate, "/s", f"the library, {PROCESSES} processes", rate / others.per_second)
    for whose, cost in (("workers", spent / seen.answers * 1e6), ("callers", seen.cpu_us)):
        yield Figure(f"{of}: CPU of {whose} for one", cost, "us", "the library's CPU", cost / thread.cpu_us)
    if shape.batch == 1:
        for which, value in (("p50", seen.p50_ms), ("p99", seen.p99_ms)):
            callers_in_all = f"{shape.processes * shape.callers} callers ({shape})"
            yield Figure(f"ES256, {name}: {which} of one question, {callers_in_all}", value, "ms")


def peer_figures(name: str, thread: Asked, processes: Asked) -> Iterator[Figure]:
    """What the library does by itself, and what one caller alone could have at the most: it, and a trip that does nothing else."""
    yield Figure(f"ES256, {name}: the library in process, 1 thread", thread.per_second, "/s")
    yield Figure(f"ES256, {name}: the library in process, {PROCESSES} processes", processes.per_second, "/s")
    yield Figure(f"ES256, {name}: the library in process, CPU for one", thread.cpu_us, "us")
    trip = bare_trip_seconds() * 1e6
    yield Figure("a bare trip between two processes and back", trip, "us")
    share = thread.cpu_us / (thread.cpu_us + trip)
    bound = f"ES256, {name}: the most 1 caller could have, a bare trip each"
    yield Figure(bound, share * thread.per_second, "/s", "the library, 1 thread", share)


def through(running: RunningKeys, what: str, shape: Shape) -> AbstractContextManager[Callers]:
    """Callers of the key process; those of one process share one client."""
    program = ["bench.keys_caller", str(running.socket), what, str(shape.callers), str(shape.batch)]
    return callers(program, shape.processes)


def cpu_seconds(running: RunningKeys) -> float:
    """That the workers have run (Linux, sched-stats.rst)."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in running.workers) / 1e9


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
