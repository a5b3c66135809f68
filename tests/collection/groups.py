# SPDX-License-Identifier: Apache-2.0
"""A cooperative that pays for members: JKK and JKM, drivers, so a month costs 8,400 at half rate; it is November 2026."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from cardservice.collection.credit import credit_payment
from cardservice.collection.group.bill import Drawn, draw_group_bill
from cardservice.collection.group.bounce import Bounced, bounce_sum
from cardservice.collection.group.move import Move, move_months
from cardservice.collection.group.pay import Settled, Sum, Waiting, pay_group_bill
from cardservice.collection.group.payer import register_payer
from cardservice.collection.member_ledger import read_ledger
from cardservice.coverage.decision import Coverage
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.enrolment.months_notation import write_months
from cardservice.enrolment.refresh_standing import paid_record
from cardservice.enrolment.scope import Scope
from cardservice.records import member_months, members
from cardservice.records.database import Database
from cardservice.records.group_moves import GroupMove
from cardservice.records.group_payers import Mismatch
from tests.coverage.rules_2026 import RULES_2026, coverage
from tests.enrolment.lines import take_in
from tests.records import rows

CODE = "KOP-MELATI"
NOW = rows.NOW


@dataclass
class Cooperative:
    """One group payer and what it does, each in a transaction of its own."""

    database: Database
    own_scope: Scope | None = None
    mismatch: Mismatch = Mismatch.HOLD
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        take_in(self.database, CODE, self.own_scope)
        with self.database.begin() as connection:
            register_payer(connection, CODE, self.mismatch, by="ani", at=NOW)

    @property
    def new_id(self) -> Callable[[], str]:
        return lambda: rows.identifier("group", next(self.numbers))

    def enrol(self, *numbers: int, **changed: Any) -> None:
        with self.database.begin() as connection:
            for number in numbers:
                members.add(connection, replace(rows.member(number), **changed))

    def bill(self, text: str, reference: str = "2026-11", *, dry_run: bool = False, at: datetime = NOW) -> Drawn:
        octets = ("member,months\n" + text).encode()
        with self.database.begin() as connection:
            return draw_group_bill(
                connection,
                CODE,
                octets,
                reference=reference,
                by="ani",
                new_id=self.new_id,
                at=at,
                rules=RULES_2026,
                dry_run=dry_run,
            )

    def pay(
        self, rupiah: int | None, sum_reference: str = "TRF-1", *, bill: str = "2026-11", at: datetime = NOW
    ) -> Settled | Waiting:
        paid = None if rupiah is None else Sum(sum_reference, rupiah)
        with self.database.begin() as connection:
            return pay_group_bill(connection, CODE, bill, paid, new_id=self.new_id, at=at, rules=RULES_2026)

    def move(
        self,
        leaver: str,
        joiner: str,
        first: str = "2026-12",
        *,
        reference: str = "M-1",
        at: datetime = NOW + timedelta(hours=1),
        reason: str = "left the village",
        by: str = "ani",
    ) -> tuple[GroupMove, ...]:
        asked = Move(reference, leaver, joiner, ContributionMonth.parse(first), by, reason)
        with self.database.begin() as connection:
            return move_months(connection, CODE, asked, new_id=self.new_id, at=at, rules=RULES_2026)

    def bounce(self, reference: str = "TRF-1", *, at: datetime = NOW + timedelta(days=1)) -> Bounced:
        with self.database.begin() as connection:
            return bounce_sum(connection, CODE, reference, by="ani", reason="returned", at=at, rules=RULES_2026)

    def pay_alone(self, number: int, rupiah: int, reference: str, at: datetime = NOW) -> None:
        """What a member pays by himself."""
        with self.database.begin() as connection:
            row = rows.payment(next(self.numbers) + 1_000, of_member=number, rupiah=rupiah)
            credit_payment(
                connection, replace(row, reference=reference, received_at=at, recorded_at=at), rules=RULES_2026
            )

    def months(self, number: int) -> str:
        """Which months of JKK are paid."""
        with self.database.read() as connection:
            found = member_months.of_member(connection, rows.identifier("member", number))
        return write_months(each.month for each in found if each.programme is Programme.JKK)

    def money(self, number: int) -> int:
        """What stands to a member's account, whole rupiah."""
        with self.database.read() as connection:
            member = members.get(connection, rows.identifier("member", number))
            return read_ledger(connection, member).allocated(RULES_2026, NOW + timedelta(days=4_000)).received

    def cover(self, number: int, at: datetime) -> Coverage:
        """What a verification would say."""
        with self.database.read() as connection:
            record = paid_record(connection, rows.identifier("member", number))
        return coverage(record.for_coverage(), Programme.JKK, at)
