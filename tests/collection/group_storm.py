# SPDX-License-Identifier: Apache-2.0
"""One group's sum, or one agent's cash, told by many at once over HTTP while something is killed with -9: done once, and all are told the same.

As a program it is the long campaign: ``python -m tests.collection.group_storm --rounds 50`` (a private PostgreSQL; 1 to 64 at once).
"""

import argparse
import random
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Barrier, Event, Thread
from typing import Any

import httpx

from cardservice.clock import monotonic, now
from cardservice.collection.cash.agent import set_agent_terms
from cardservice.collection.group.bill import draw_group_bill
from cardservice.collection.group.payer import register_payer
from cardservice.collection.group.statement import bill_statement
from cardservice.partnership.intermediary_secret import SECRET_OCTETS, give_secret
from cardservice.records import agent_cash, audit_events, group_payers, members, payment_allocations, payments
from cardservice.records.agent_cash import CashAgent
from cardservice.records.database import Database
from cardservice.records.group_payers import Mismatch
from cardservice.records.intermediaries import SCHEME_CODE, IntermediaryKind, get_by_code
from tests.collection.running import Machine, running_machine
from tests.collection.storm import GIVE_UP_S, kill_api, kill_postgresql
from tests.coverage.rules_2026 import RULES_2026
from tests.enrolment.lines import take_in
from tests.postgresql import running_cluster
from tests.records import rows

MEMBERS = 12  # on a bill: enough that a kill falls between two of them
ONE_MONTH = 8_400


@dataclass
class GroupStorm:
    """A group ``number`` with its bill and an agent of its own; ``senders`` tell one thing until each has a definite answer."""

    machine: Machine
    number: int
    senders: int
    told: list[bytes] = field(default_factory=list)
    again: int = 0

    def __post_init__(self) -> None:
        self.code, self.agent = f"KOP-{self.number}", f"AGEN-{self.number}"
        self.people = range(self.number * 100, self.number * 100 + MEMBERS)
        database = self.machine.database()
        take_in(database, self.code)
        take_in(database, self.agent, under=self.code, kind=IntermediaryKind.FIELD_AGENT)
        with database.begin() as connection:
            for each in self.people:
                members.add(connection, rows.member(each))
            register_payer(connection, self.code, Mismatch.HOLD, by="ani", at=now())
            listed = "".join(f"P-{each:04d},2\n" for each in self.people)
            drawn = draw_group_bill(
                connection,
                self.code,
                f"member,months\n{listed}".encode(),
                reference="b",
                by="ani",
                new_id=lambda: secrets.token_hex(16),
                at=now(),
                rules=RULES_2026,
            )
            set_agent_terms(connection, self.agent, CashAgent("", 750, 9_000, 10**9, 3, 3, now()), by="ani")
            octets = secrets.token_bytes(SECRET_OCTETS)
            self.secret = give_secret(connection, SCHEME_CODE, random_octets=octets, by="ani", at=now())
        database.close()
        self.rupiah = drawn.rupiah

    def tell_sum(self, meanwhile: Callable[[], None]) -> None:
        """The group's whole sum, from all sides."""
        body = {"group": self.code, "bill": "b", "reference": "TRF", "amount_rupiah": self.rupiah}
        self._blow("/v1/group-payments", body, meanwhile)

    def take_cash(self, meanwhile: Callable[[], None]) -> None:
        """One member's cash, from all sides."""
        member = f"P-{self.people[0]:04d}"
        body = {"agent": self.agent, "member_ref": member, "amount_rupiah": ONE_MONTH, "reference": "R"}
        self._blow("/v1/cash-receipts", body, meanwhile)

    def _blow(self, path: str, body: dict[str, Any], meanwhile: Callable[[], None]) -> None:
        self.told.clear()
        barrier, over = Barrier(self.senders + 1), Event()
        threads = [Thread(target=self._send, args=(path, body, barrier, over)) for _ in range(self.senders)]
        for thread in threads:
            thread.start()
        barrier.wait()
        meanwhile()
        for thread in threads:
            thread.join(GIVE_UP_S)
        over.set()
        assert len(self.told) == self.senders, f"{self.senders - len(self.told)} were never told"
        assert len(set(self.told)) == 1

    def _send(self, path: str, body: dict[str, Any], barrier: Barrier, over: Event) -> None:
        until = monotonic() + GIVE_UP_S
        headers = {"Authorization": f"Bearer {self.secret}"}
        with httpx.Client(base_url=self.machine.address, timeout=60, trust_env=False) as http:
            barrier.wait()
            while not over.is_set() and monotonic() < until:
                try:
                    answer = http.post(path, json=body, headers=headers)
                except httpx.HTTPError:
                    answer = None  # killed under us: nothing is known, and the same is told again
                if answer is not None and answer.is_success:
                    self.told.append(answer.content)
                    return
                assert answer is None or answer.status_code >= 500, answer.text
                self.again += 1
                over.wait(0.05)

    def check_sum(self) -> None:
        """Each member is credited once, the bill comes to its rows, and nothing is left over."""
        database = self.machine.database()
        with database.begin() as connection:
            statement = bill_statement(connection, self.code, "b")
            assert statement.balanced
            assert sum(each.row.rupiah for each in statement.rows) == self.rupiah
            own = get_by_code(connection, self.code).intermediary_id
            assert len(group_payers.present(connection, own)) == MEMBERS
        self._check_members(database, "GROUP", self.people)
        database.close()

    def check_cash(self) -> None:
        """One receipt, one payment."""
        database = self.machine.database()
        with database.read() as connection:
            own = get_by_code(connection, self.agent).intermediary_id
            assert [each.number for each in agent_cash.unremitted(connection, own)] == [1]
        self._check_members(database, "AGENT", self.people[:1])
        database.close()

    @staticmethod
    def _check_members(database: Database, channel: str, people: range) -> None:
        with database.read() as connection:
            for each in people:
                member_id = rows.identifier("member", each)
                found = [row for row, _ in payments.of_member(connection, member_id) if row.channel == channel]
                assert len(found) == 1
                trail = [kept.event for kept in audit_events.of_member(connection, member_id)]
                credited = [one for one in trail if one.kind == "payment.credited" and one.detail["channel"] == channel]
                assert len(credited) == 1
                bought = sum(part.amount for part in payment_allocations.of_member(connection, member_id))
                assert bought == sum(row.amount for row, _ in payments.of_member(connection, member_id))


def main(arguments: list[str]) -> int:
    """The long campaign. Prints a line per round; the exit code is 0 when every round held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    chance = random.Random(chosen.seed)
    with running_cluster() as cluster, running_machine(cluster.migrated_database(), cluster) as machine:
        for number in range(1, chosen.rounds + 1):
            storm = GroupStorm(machine, number, chance.randint(1, 64))
            killing = chance.choice([kill_api, kill_postgresql])
            storm.tell_sum(killing(machine, chance.uniform(0.0, 0.4)))
            storm.check_sum()
            storm.take_cash(killing(machine, chance.uniform(0.0, 0.2)))
            storm.check_cash()
            print(f"{number}: {storm.senders} senders, {killing.__name__}, again {storm.again} times: once", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
