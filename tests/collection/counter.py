# SPDX-License-Identifier: Apache-2.0
"""A field agent who takes cash, with three members; it is November 2026."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from cardservice.collection.cash.agent import set_agent_terms, watch_agents
from cardservice.collection.cash.bounce import BouncedRemittance, bounce_remittance
from cardservice.collection.cash.remit import Remitted, remit
from cardservice.collection.cash.take import Cash, take_cash
from cardservice.collection.cash.void import Voided, void_receipt
from cardservice.coverage.programme import Programme
from cardservice.enrolment.refresh_standing import paid_record
from cardservice.enrolment.scope import Scope
from cardservice.records import members
from cardservice.records.agent_cash import CashAgent, CashReceipt, Stop
from cardservice.records.database import Database
from cardservice.records.intermediaries import IntermediaryKind
from tests.audit.signer import NOW
from tests.collection.till import ONE_MONTH
from tests.coverage.rules_2026 import RULES_2026, coverage
from tests.enrolment.lines import take_in
from tests.records import rows

CODE = "AGEN-7"
DAY = timedelta(days=1)


@dataclass
class Counter:
    """One field agent under a cooperative."""

    database: Database
    own_scope: Scope | None = None
    most_rupiah: int = 10 * ONE_MONTH
    numbers: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        take_in(self.database, "KOP-MELATI")
        agent = take_in(self.database, CODE, self.own_scope, under="KOP-MELATI", kind=IntermediaryKind.FIELD_AGENT)
        self.agent_id = agent.intermediary_id
        with self.database.begin() as connection:
            for number in (1, 2, 3):
                members.add(connection, rows.member(number))
            terms = CashAgent("", 750, 9_000, self.most_rupiah, 3, 3, NOW)
            set_agent_terms(connection, CODE, terms, by="ani")

    @property
    def new_id(self) -> Callable[[], str]:
        return lambda: rows.identifier("cash", next(self.numbers))

    def take(self, number: int = 1, rupiah: int = ONE_MONTH, reference: str = "R-1", at: datetime = NOW) -> CashReceipt:
        cash = Cash(reference, f"P-{number:04d}", rupiah)
        return take_cash(self.database, CODE, cash, new_id=self.new_id, at=at, rules=RULES_2026)

    def remit(self, rupiah: int, reference: str = "S-1", at: datetime = NOW) -> Remitted:
        with self.database.begin() as connection:
            return remit(connection, CODE, reference, rupiah, at)

    def void(self, number: int, at: datetime = NOW) -> Voided:
        with self.database.begin() as connection:
            return void_receipt(connection, CODE, number, by="ani", reason="wrong member", at=at, rules=RULES_2026)

    def bounce(self, reference: str = "S-1", at: datetime = NOW) -> BouncedRemittance:
        with self.database.begin() as connection:
            return bounce_remittance(connection, CODE, reference, by="ani", reason="returned", at=at)

    def watch(self, at: datetime) -> list[Stop]:
        with self.database.begin() as connection:
            return [stop for _, stop in watch_agents(connection, at)]

    def is_covered(self, number: int, at: datetime) -> bool:
        with self.database.read() as connection:
            record = paid_record(connection, rows.identifier("member", number))
        return bool(coverage(record.for_coverage(), Programme.JKK, at))
