# SPDX-License-Identifier: Apache-2.0
"""A group's list of real size, told over HTTP by many at once: credited in one transaction into PostgreSQL, and taken back when its money bounces.

Every member has a card and three months paid by an earlier bill; the bill that is measured buys twelve months for each.
"""

import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import httpx

from bench.figure import Figure
from cardservice.clock import now
from cardservice.collection.group.bill import draw_group_bill
from cardservice.collection.group.bounce import bounce_sum
from cardservice.collection.group.list import MAX_ROWS
from cardservice.collection.group.payer import register_payer
from cardservice.collection.group.statement import bill_statement
from cardservice.coverage.rules import Rules
from cardservice.errors import KartuError
from cardservice.partnership.intermediary_secret import SECRET_OCTETS, give_secret
from cardservice.records.database import Database
from cardservice.records.group_payers import Mismatch
from cardservice.records.intermediaries import SCHEME_CODE
from cardservice.rule_folder import load_rule_packs
from tests.collection.running import Machine, running_machine
from tests.enrolment.lines import take_in
from tests.postgresql import running_cluster
from tests.records.rows import activate_card

SIZES = tuple(int(each) for each in os.environ.get("KARTU_BENCH_SIZES", f"100,1000,{MAX_ROWS}").split(","))
SENDERS = 8  # who tell the same sum at one moment
LIMIT = 30.0  # seconds: how long others wait for a lock, a member's own payment among them (records.database)
EARLIER, MEASURED = "2026-Q4", "2027"
MONTHS = {EARLIER: 3, MEASURED: 12}
PATIENCE = 120.0


class SettlingFailed(KartuError):
    """A sum was not answered as it should be, or the books do not come to the bill; evidence: told."""

    code = "bench-settling-failed"


@dataclass(frozen=True, slots=True)
class Group:
    """A cooperative of the bench and its bill."""

    code: str
    members: int
    rupiah: int


@dataclass(frozen=True, slots=True)
class Run:
    """One bill: seconds to draw it, until the last of all senders was answered, and to take it back; by how much the service grew, MiB."""

    draw: float
    settle: float
    bounce: float
    grown: float


def figures() -> Iterator[Figure]:
    """Seconds for bills of each size, in all and for one member; the goal is for the longest list that is taken."""
    with running_cluster(durable=True) as cluster, running_machine(cluster.migrated_database(), cluster) as machine:
        runs = {size: _run(machine, size, number) for number, size in enumerate(SIZES)}
    for size, run in runs.items():
        name = f"{size:,} members"
        if size == MAX_ROWS:
            yield Figure.judged(f"{name}: sum told by {SENDERS}, the last is answered", run.settle, "s", "<=", LIMIT)
        else:
            yield Figure(f"{name}: sum told by {SENDERS}, the last is answered", run.settle, "s")
        yield Figure(f"{name}: the same for one member", run.settle / size * 1000, "ms")
        yield Figure(f"{name}: bill drawn", run.draw, "s")
        yield Figure(f"{name}: taken back", run.bounce, "s")
        yield Figure(f"{name}: the service's memory grows by", run.grown, "MiB")


def _run(machine: Machine, size: int, number: int) -> Run:
    database = machine.database()
    code = f"KOP-{size}"
    rules = load_rule_packs().at(now())
    people = range(number * 10_000 + 1, number * 10_000 + 1 + size)
    _enrol(database, code, people)
    with database.begin() as connection:
        secret = give_secret(
            connection, SCHEME_CODE, random_octets=secrets.token_bytes(SECRET_OCTETS), by="ani", at=now()
        )
    _tell(machine, secret, _drawn(database, code, people, EARLIER, rules)[0], EARLIER, 1)
    group, draw = _drawn(database, code, people, MEASURED, rules)
    with _growth(machine) as grown:
        began = perf_counter()
        _tell(machine, secret, group, MEASURED, SENDERS)
        settle = perf_counter() - began
    _demand_balanced(database, group)
    began = perf_counter()
    with database.begin() as connection:
        bounce_sum(connection, code, f"TRF-{MEASURED}", by="ani", reason="bench", at=now(), rules=rules)
    bounce = perf_counter() - began
    database.close()
    return Run(draw, settle, bounce, grown[0])


def _enrol(database: Database, code: str, people: range) -> None:
    take_in(database, code)
    with database.begin() as connection:
        register_payer(connection, code, Mismatch.HOLD, by="ani", at=now())
        for each in people:
            activate_card(connection, each)


def _drawn(database: Database, code: str, people: range, reference: str, rules: Rules) -> tuple[Group, float]:
    listed = "member,months\n" + "".join(f"P-{each:04d},{MONTHS[reference]}\n" for each in people)
    began = perf_counter()
    with database.begin() as connection:
        drawn = draw_group_bill(
            connection,
            code,
            listed.encode(),
            reference=reference,
            by="ani",
            new_id=lambda: secrets.token_hex(16),
            at=now(),
            rules=rules,
        )
    return Group(code, len(people), drawn.rupiah), perf_counter() - began


def _tell(machine: Machine, secret: str, group: Group, bill: str, senders: int) -> None:
    """All at once, each once: whoever is told anything but the bill's settlement ends the bench."""
    body = {"group": group.code, "bill": bill, "reference": f"TRF-{bill}", "amount_rupiah": group.rupiah}

    def send(_: int) -> bytes:
        headers = {"Authorization": f"Bearer {secret}"}
        answer = httpx.post(
            f"{machine.address}/v1/group-payments", json=body, headers=headers, timeout=PATIENCE, trust_env=False
        )
        if answer.status_code != httpx.codes.OK:
            raise SettlingFailed(told=answer.text)
        return answer.content

    with ThreadPoolExecutor(senders) as pool:
        told = set(pool.map(send, range(senders)))
    if len(told) != 1:
        raise SettlingFailed(told=str(told))


def _demand_balanced(database: Database, group: Group) -> None:
    with database.begin() as connection:
        statement = bill_statement(connection, group.code, MEASURED)
    if not statement.balanced or sum(len(row.shares) for row in statement.rows) != group.members:
        raise SettlingFailed(told=f"{group.code} does not balance")


@contextmanager
def _growth(machine: Machine) -> Iterator[list[float]]:
    """By how many MiB the service's largest memory passes what it had before (proc(5), clear_refs and VmHWM)."""
    assert machine.api is not None
    own = Path(f"/proc/{machine.api.pid}")
    (own / "clear_refs").write_text("5")
    before, grown = _status_mib(own, "VmRSS"), [0.0]
    yield grown
    grown[0] = _status_mib(own, "VmHWM") - before


def _status_mib(own: Path, name: str) -> float:
    (line,) = [each for each in (own / "status").read_text().splitlines() if each.startswith(f"{name}:")]
    return int(line.split()[1]) / 1024
