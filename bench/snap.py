# SPDX-License-Identifier: Apache-2.0
"""SNAP inquiries, payments and statuses: requests per second of ``python -m api`` on PostgreSQL, each beside a bare FastAPI route in the same run.

Every request is about another member, signed before the clock starts; a payment is credited durably (fsync on). One worker; the sender shares
the machine. KARTU_BENCH_PAYMENTS sets how many of each.
"""

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from time import perf_counter
from typing import Any

from bench.figure import Figure
from reader_tools.mockbank.bank_client import INQUIRY, PAYMENT, STATUS, BankClient
from tests.collection.running import Machine, running_machine
from tests.collection.till import give_number, table_sizes
from tests.postgresql import running_cluster

COUNT = 1_500
WARM = 64  # open connections, and have statements planned
SENDERS = 8
BARE = 1_500
FLUSHES = 500
WAL_PAGE = 8192  # octets: PostgreSQL's block of its log, the least that a commit writes
ROOT = Path(__file__).parents[1]

Prepared = tuple[str, dict[str, str], bytes]


@dataclass(slots=True)
class Run:
    """One kind of request: the rate, the bare route's before and after, each one's seconds, and processor time by program."""

    rate: float
    bare: float
    latencies: list[float]
    used_ms: Mapping[str, float] = field(default_factory=dict)

    def at(self, part: float) -> float:
        """A quantile of the latencies, milliseconds."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * part))] * 1000


def figures() -> Iterator[Figure]:
    """Rates with their ratio to the bare route, what the disk alone does, latency, and where the processor time goes."""
    count = int(os.environ.get("KARTU_BENCH_PAYMENTS", str(COUNT)))
    with running_cluster() as cluster, running_machine(cluster.migrated_database(), cluster) as machine:
        _make_durable(machine)
        asked = _prepared(machine, count + WARM)
        with _bare_route() as bare:
            runs = {name: _run(machine, bare, requests) for name, requests in asked.items()}
        database = machine.database()
        credited = table_sizes(database)["payments"]
        database.close()
        flush = _flush_s(cluster.folder)
    for name, run in runs.items():
        yield Figure(
            f"SNAP {name} answered", run.rate, "/s", f"a bare FastAPI route ({run.bare:,.0f}/s)", run.rate / run.bare
        )
    paid = runs["payments"]
    alone = f"one writer that waits for the disk ({1 / flush:,.0f}/s)"
    yield Figure("SNAP payments beside flushes of the disk alone", paid.rate, "/s", alone, paid.rate * flush)
    yield Figure(
        "SNAP payments sent and found in the books",
        float(credited),
        "",
        "sent",
        credited / (count + WARM),
        "== 1 x",
        credited == count + WARM,
    )
    for name, part in (("p50", 0.50), ("p99", 0.99)):
        yield Figure(f"SNAP payment, latency {name}, {SENDERS} at once", paid.at(part), "ms")
    for program, used in paid.used_ms.items():
        yield Figure(f"SNAP payment, processor time of {program}", used, "ms")


def _make_durable(machine: Machine) -> None:
    """The cluster of the tests does not wait for the disk; a bank's payment must."""
    assert machine.cluster is not None
    options = machine.cluster.folder / "data" / "postmaster.opts"
    machine.kill_postgresql()
    options.write_text(options.read_text().replace("fsync=off", "fsync=on"))
    machine.start_postgresql()


def _prepared(machine: Machine, count: int) -> dict[str, list[Prepared]]:
    """Signed requests of as many members: what is owed, paying it, and what became of that."""
    database = machine.database()
    numbers = [give_number(database, number) for number in range(1, count + 1)]
    database.close()
    with machine.client() as bank:
        assert bank.get_token().status == 200
        asked = bank.call(INQUIRY, bank.inquiry(numbers[0], "warm"))
        due = int(str(asked.account["totalAmount"]["value"]).partition(".")[0])
        kept: list[Prepared] = []

        def keep(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
            kept.append((path, dict(headers), body))
            return 200, b"{}"

        quiet = BankClient(bank.identity, keep, bank.now, lambda: str(secrets.randbelow(10**18)), bank.token)
        names = [secrets.token_hex(8) for _ in numbers]
        for path, body in ((INQUIRY, quiet.inquiry), (PAYMENT, quiet.payment), (STATUS, quiet.status)):
            more: tuple[Any, ...] = (due,) if path == PAYMENT else ()
            for number, name in zip(numbers, names, strict=True):
                quiet.call(path, body(number, name, *more))
    return {
        "inquiries": kept[:count],
        "payments": kept[count : 2 * count],
        "statuses": kept[2 * count :],
    }


def _run(machine: Machine, bare: int, requests: Sequence[Prepared]) -> Run:
    nothing = [("/bare", {"Content-Type": "application/json"}, requests[0][2])] * (BARE // 2)
    _send(machine.port, requests[:WARM])
    _send(bare, nothing[:WARM])
    before, _ = _send(bare, nothing)
    used = _processor_s(machine)
    rate, latencies = _send(machine.port, requests[WARM:])
    spent = {program: seconds - used[program] for program, seconds in _processor_s(machine).items()}
    after, _ = _send(bare, nothing)
    done = len(requests) - WARM
    return Run(rate, (before + after) / 2, latencies, {program: each / done * 1000 for program, each in spent.items()})


def _processor_s(machine: Machine) -> dict[str, float]:
    """Seconds of processor time until now, of the service and of PostgreSQL with all its children."""
    assert machine.api is not None
    assert machine.cluster is not None
    postmaster = int((machine.cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
    children = [int(each) for each in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()]
    return {
        "the service": _used_s(machine.api.pid),
        "PostgreSQL": sum(_used_s(each) for each in (postmaster, *children)),
    }


def _used_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, proc(5)


def _flush_s(folder: Path) -> float:
    """Seconds that one block takes to the disk that the database lies on."""
    path = folder / "flush"
    with path.open("wb", buffering=0) as file:
        file.write(bytes(WAL_PAGE * FLUSHES))
        os.fsync(file.fileno())
        began = perf_counter()
        for number in range(FLUSHES):
            os.pwrite(file.fileno(), bytes(WAL_PAGE), number * WAL_PAGE)
            os.fdatasync(file.fileno())
        taken = perf_counter() - began
    path.unlink()
    return taken / FLUSHES


def _send(port: int, requests: Sequence[Prepared]) -> tuple[float, list[float]]:
    """Requests per second, and each one's seconds, sorted. Raises AssertionError for an answer that is not good."""
    waiting, taken, lock = iter(requests), [], Lock()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                request = next(waiting, None)
            if request is None:
                connection.close()
                return
            path, headers, body = request
            began = perf_counter()
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            told = answer.read()
            taken.append(perf_counter() - began)
            assert answer.status == 200, told
            assert json.loads(told)["responseMessage"] == "Success", told

    threads = [Thread(target=work) for _ in range(SENDERS)]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(requests)
    return len(taken) / (perf_counter() - began), sorted(taken)


@contextmanager
def _bare_route() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-m", "bench.bare_route", str(port)], cwd=ROOT)
    try:
        until = perf_counter() + 60
        while perf_counter() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                continue
        yield port
    finally:
        process.terminate()
        process.wait()
