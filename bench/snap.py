# SPDX-License-Identifier: Apache-2.0
"""SNAP payments: requests per second of ``python -m api`` on PostgreSQL, beside a bare FastAPI route on the same machine in the same run.

Every payment is another member's, signed before the clock starts, and credited durably (fsync on). One worker; the sender shares the machine.
KARTU_BENCH_PAYMENTS sets how many.
"""

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread
from time import perf_counter

from bench.figure import Figure
from reader_tools.mockbank.bank_client import INQUIRY, PAYMENT, BankClient
from tests.collection.running import Machine, running_machine
from tests.collection.till import give_number, table_sizes
from tests.postgresql import running_cluster

PAYMENTS = 1_500
SENDERS = 8
BARE = 3_000
ROOT = Path(__file__).parents[1]

Prepared = tuple[str, dict[str, str], bytes]


def figures() -> Iterator[Figure]:
    """Rate, ratio to the bare route, latency."""
    count = int(os.environ.get("KARTU_BENCH_PAYMENTS", str(PAYMENTS)))
    with running_cluster() as cluster, running_machine(cluster.migrated_database(), cluster) as machine:
        _make_durable(machine)
        requests = _payments(machine, count)
        rate, latencies = _send(machine.port, requests)
        database = machine.database()
        credited = table_sizes(database)["payments"]
        database.close()
        with _bare_route() as port:
            bare, _ = _send(port, [("/bare", {"Content-Type": "application/json"}, requests[0][2])] * BARE)
    against = f"a bare FastAPI route ({bare:,.0f}/s)"
    yield Figure("SNAP payments credited", rate, "/s", against, rate / bare)
    yield Figure(
        "SNAP payments sent and found in the books",
        float(credited),
        "",
        "sent",
        credited / count,
        "== 1 x",
        credited == count,
    )
    for name, part in (("p50", 0.50), ("p99", 0.99)):
        value = latencies[min(len(latencies) - 1, int(len(latencies) * part))]
        yield Figure(f"SNAP payment, latency {name}, {SENDERS} at once", value * 1000, "ms")


def _make_durable(machine: Machine) -> None:
    """The cluster of the tests does not wait for the disk; a bank's payment must."""
    assert machine.cluster is not None
    options = machine.cluster.folder / "data" / "postmaster.opts"
    machine.kill_postgresql()
    options.write_text(options.read_text().replace("fsync=off", "fsync=on"))
    machine.start_postgresql()


def _payments(machine: Machine, count: int) -> list[Prepared]:
    """Signed payments of as many members, after an inquiry that opens what the service opens once."""
    prepared: list[Prepared] = []
    database = machine.database()
    numbers = [give_number(database, number) for number in range(1, count + 1)]
    database.close()
    with machine.client() as bank:
        assert bank.get_token().status == 200
        asked = bank.call(INQUIRY, bank.inquiry(numbers[0], "warm"))
        due = int(str(asked.account["totalAmount"]["value"]).partition(".")[0])

        def keep(path: str, headers: object, body: bytes) -> tuple[int, bytes]:
            prepared.append((path, dict(headers), body))  # type: ignore[call-overload] # a mapping of strings
            return 200, b"{}"

        quiet = BankClient(bank.identity, keep, bank.now, lambda: str(secrets.randbelow(10**18)), bank.token)
        for number in numbers:
            quiet.call(PAYMENT, quiet.payment(number, secrets.token_hex(8), due))
    return prepared


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
            assert json.loads(told)["responseCode"] == "2002500", told

    threads = [Thread(target=work) for _ in range(SENDERS)]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
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
