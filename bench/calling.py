# SPDX-License-Identifier: Apache-2.0
"""Calling processes that ask in turns: each says "ready"; at every line it is told it asks for a while, and prints what it saw.

``{"answers": n, "seconds": s, "cpu": s, "latencies": [...]}``: answers within the time, what of it the process computed, and how long each
question took, in seconds. Programs that are compared take turns, so that whatever else the machine does is the same to both.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles

from bench.key_process import ROOT
from cardservice.clock import monotonic

Question = Callable[[], object]
AwaitedQuestion = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Asked:
    """What callers saw in all their turns."""

    answers: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers per second of all callers together."""
        return self.answers / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds that a caller computed for one answer."""
        return self.cpu / self.answers * 1e6

    @property
    def p50_ms(self) -> float:
        """Median, milliseconds."""
        return median(self.latencies) * 1000

    @property
    def p99_ms(self) -> float:
        """Of a hundred questions one took longer, milliseconds."""
        return quantiles(self.latencies, n=100)[98] * 1000


class Callers:
    """Processes of one program; ``asked`` is what they saw so far."""

    def __init__(self, processes: "Sequence[subprocess.Popen[str]]") -> None:
        self._processes = processes
        self.asked = Asked()

    def forget(self) -> None:
        """Begin to count anew."""
        self.asked = Asked()

    def turn(self, seconds: float) -> None:
        """All ask for so long, begun together."""
        for each in self._processes:
            assert each.stdin is not None
            each.stdin.write(f"{seconds}\n")
            each.stdin.flush()
        longest = 0.0
        for each in self._processes:
            assert each.stdout is not None
            told = json.loads(each.stdout.readline())
            self.asked.answers += told["answers"]
            self.asked.cpu += told["cpu"]
            self.asked.latencies += told["latencies"]
            longest = max(longest, told["seconds"])
        self.asked.seconds += longest


@contextmanager
def callers(program: Sequence[str], processes: int) -> Iterator[Callers]:
    """``python -m`` a program in so many processes. They come to life one after the other, and end when this does."""
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        calling = []
        for _ in range(processes):
            line = [sys.executable, "-m", *program]
            each = stack.enter_context(subprocess.Popen(line, cwd=ROOT, stdin=pipe, stdout=pipe, text=True))
            calling.append(each)
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        yield Callers(calling)


def ask_in_turns(question: Question, *, threads: int, answers: int) -> None:
    """The calling process's side: so many threads ask one question after the other, each worth so many answers."""
    for _ in range(20):
        question()
    print("ready", flush=True)
    for line in sys.stdin:
        latencies: list[float] = []
        begin, cpu = monotonic(), time.process_time()
        end = begin + float(line)

        def ask(end: float = end, latencies: list[float] = latencies) -> None:
            while (started := monotonic()) < end:
                question()
                latencies.append(monotonic() - started)

        # One thread is the first one: a PKCS#11 module serves no other.
        others = [threading.Thread(target=ask) for _ in range(threads - 1)]
        for thread in others:
            thread.start()
        ask()
        for thread in others:
            thread.join()
        seen = {"answers": len(latencies) * answers, "seconds": monotonic() - begin, "cpu": time.process_time() - cpu}
        print(json.dumps(seen | {"latencies": latencies}), flush=True)


async def ask_in_turns_awaiting(question: AwaitedQuestion, *, tasks: int, answers: int) -> None:
    """``ask_in_turns`` with so many tasks of one event loop instead of threads."""
    for _ in range(20):
        await question()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        latencies: list[float] = []
        begin, cpu = monotonic(), time.process_time()
        end = begin + float(line)

        async def ask(end: float = end, latencies: list[float] = latencies) -> None:
            while (started := monotonic()) < end:
                await question()
                latencies.append(monotonic() - started)

        await asyncio.gather(*(ask() for _ in range(tasks)))
        seen = {"answers": len(latencies) * answers, "seconds": monotonic() - begin, "cpu": time.process_time() - cpu}
        print(json.dumps(seen | {"latencies": latencies}), flush=True)
