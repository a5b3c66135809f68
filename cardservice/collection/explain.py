# SPDX-License-Identifier: Apache-2.0
"""``explain``: how a member stood at a moment as it was known at another, with the months and payments behind it. Reads, and changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from cardservice.collection.member_ledger import parts_of
from cardservice.collection.member_past import read_past
from cardservice.coverage.decision import Coverage
from cardservice.coverage.ledger import Allocation
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.payment import Payment
from cardservice.coverage.programme import Programme
from cardservice.records import members
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound
from cardservice.records.member_months import MemberMonth


@dataclass(frozen=True, slots=True)
class PaymentBehind:
    """A payment known then. ``bought`` are the months of any programme that it paid for; ``reversed_at`` when we learned that it was taken back."""

    payment: Payment
    bought: tuple[Allocation, ...]
    reversed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision and all that it rests on. ``months`` are the programme's; ``rule_pack`` is the number of the pack that judged."""

    decision: Coverage
    knowledge_at: datetime
    rule_pack: int
    credit: int
    months: tuple[MemberMonth, ...]
    payments: tuple[PaymentBehind, ...]


def explain(
    connection: Connection,
    member_ref: str,
    programme: Programme,
    as_of: datetime,
    *,
    knowledge_at: datetime,
    packs: PacksInForce,
) -> Explanation:
    """Both moments are aware. Raises RecordNotFound, UnknownTariff."""
    member = members.find_by_ref(connection, member_ref)
    if member is None:
        raise RecordNotFound(record="member")
    past = read_past(connection, member, packs)
    ledger = past.ledger(knowledge_at)
    undone = {each.payment_id: each.reversed_at for each in past.reversals if each.reversed_at <= knowledge_at}
    payments = tuple(
        PaymentBehind(each, () if ledger is None else parts_of(ledger, each.payment_id), undone.get(each.payment_id))
        for each in sorted(past.payments, key=lambda each: (each.recorded_at, each.payment_id))
        if each.recorded_at <= knowledge_at
    )
    return Explanation(
        packs.coverage(past, programme, as_of, knowledge_at=knowledge_at),
        knowledge_at,
        packs.at(as_of).number,
        0 if ledger is None else ledger.credit,
        tuple(each for each in past.months(knowledge_at) if each.programme is programme),
        payments,
    )
