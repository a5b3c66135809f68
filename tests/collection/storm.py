# SPDX-License-Identifier: Apache-2.0
"""One payment, sent by many at once while something is killed with -9: credited once, and everybody is told the same.

As a program it is the long campaign: ``python -m tests.collection.storm --rounds 50`` (a private PostgreSQL; 1 to 64 at once).
"""

import argparse
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Barrier, Event, Thread

import httpx

from cardservice.clock import monotonic
from cardservice.records import audit_events, payment_allocations, payments
from cardservice.records.payments import PaymentRow
from reader_tools.mockbank.bank_client import PAYMENT, BankClient, Reply
from tests.collection.running import Machine, running_machine
from tests.collection.till import give_number
from tests.postgresql import running_cluster
from tests.records import rows

SETTLED = frozenset({"2002500", "4042518"})
GIVE_UP_S = 120.0


@dataclass
class Storm:
    """One payment for member ``number``, sent by ``senders`` until each has a definite answer. ``rupiah`` must be the bill."""

    machine: Machine
    number: int
    senders: int
    rupiah: int = 0
    replies: list[Reply] = field(default_factory=list)
    again: int = 0

    def __post_init__(self) -> None:
        database = self.machine.database()
        self.digits = give_number(database, self.number)
        database.close()
        with self.machine.client() as bank:
            bank.get_token()
            self.token = bank.token
            owing = bank.call("/v1.0/transfer-va/inquiry", bank.inquiry(self.digits, f"storm-{self.number}"))
            self.rupiah = int(owing.account["totalAmount"]["value"].partition(".")[0])

    def blow(self, meanwhile: Callable[[], None]) -> None:
        """Send it from all sides; ``meanwhile`` happens when the first are on their way."""
        barrier, over = Barrier(self.senders + 1), Event()
        threads = [Thread(target=self._send, args=(barrier, over)) for _ in range(self.senders)]
        for thread in threads:
            thread.start()
        barrier.wait()
        meanwhile()
        for thread in threads:
            thread.join(GIVE_UP_S)
        over.set()
        assert len(self.replies) == self.senders, f"{self.senders - len(self.replies)} were never told"

    def _send(self, barrier: Barrier, over: Event) -> None:
        until = monotonic() + GIVE_UP_S
        with self.machine.client() as bank:
            bank.token = self.token
            barrier.wait()
            while not over.is_set() and monotonic() < until:
                reply = self._once(bank)
                if reply is not None and reply.code in SETTLED:
                    self.replies.append(reply)
                    return
                self.again += 1
                over.wait(0.05)

    def _once(self, bank: BankClient) -> Reply | None:
        name = f"storm-{self.number}"
        try:
            return bank.call(PAYMENT, bank.payment(self.digits, name, self.rupiah), external_id=f"9{self.number:09d}")
        except httpx.HTTPError:
            return None  # killed under us: the bank knows nothing, and asks again

    def check(self) -> None:
        """One payment, one allocation of it, one event; one rest of the answer for all."""
        rests = {reply.body.partition(b'"virtualAccountData"')[2] for reply in self.replies}
        assert len(rests) == 1
        assert {reply.outcome for reply in self.replies} == {"00"}
        assert [reply.code for reply in self.replies].count("2002500") <= 1
        member_id = rows.identifier("member", self.number)
        database = self.machine.database()
        with database.read() as connection:
            (paid,) = payments.of_member(connection, member_id)
            bought = payment_allocations.of_member(connection, member_id)
            events = [each.event.kind for each in audit_events.of_member(connection, member_id)]
        database.close()
        assert isinstance(paid[0], PaymentRow)
        assert paid[0].amount == self.rupiah == sum(each.amount for each in bought)
        assert events.count("payment.credited") == 1


def kill_api(machine: Machine, after_s: float) -> Callable[[], None]:
    """Kill the service with -9 after a while, and start it again."""

    def do() -> None:
        Event().wait(after_s)
        machine.kill_api()
        machine.start_api()

    return do


def kill_postgresql(machine: Machine, after_s: float) -> Callable[[], None]:
    """Kill the database with -9 after a while, and start it again."""

    def do() -> None:
        Event().wait(after_s)
        machine.kill_postgresql()
        machine.start_postgresql()

    return do


def main(arguments: list[str]) -> int:
    """The long campaign. Prints a line per round; the exit code is 0 when every round held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    chance = random.Random(chosen.seed)
    with running_cluster() as cluster, running_machine(cluster.migrated_database(), cluster) as machine:
        for number in range(1, chosen.rounds + 1):
            storm = Storm(machine, number, chance.randint(1, 64))
            killing = chance.choice([kill_api, kill_postgresql])
            storm.blow(killing(machine, chance.uniform(0.0, 0.4)))
            storm.check()
            print(
                f"{number}: {storm.senders} senders, {killing.__name__}, asked again {storm.again} times: once",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
