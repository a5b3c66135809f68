# SPDX-License-Identifier: Apache-2.0
"""``reverse_by_person``: somebody takes a payment back that was credited wrongly, as a difference with a partner asks for (decision 0155)."""

from dataclasses import dataclass, replace
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.credit import demand_on_its_own, reverse_payment
from cardservice.collection.errors import PaymentReversed, PaymentUnknown
from cardservice.coverage.rules import Rules
from cardservice.records import payments
from cardservice.records.database import Database
from cardservice.records.payments import PaymentRow, ReversalRow


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A payment and how it was reversed. ``again``: it was reversed before, by whomever, and nothing was changed now."""

    payment: PaymentRow
    reversal: ReversalRow
    again: bool


def reverse_by_person(
    database: Database,
    *,
    partner_id: str,
    reference: str,
    by: str,
    reason: str,
    at: datetime,
    rules: Rules,
) -> TakenBack:
    """Reverse what a partner paid under a reference, once, and name who did it in the trail. Cover that was answered stays as it was answered.

    ``reason``: at most 64 characters, no names or numbers of members. Raises PaymentUnknown, PartOfAWhole.
    """
    with database.begin() as connection:
        payment = payments.find(connection, partner_id, reference)
        if payment is None:
            raise PaymentUnknown
        demand_on_its_own(payment)
        try:
            undone = reverse_payment(connection, payment, partner_id=partner_id, reason=reason, at=at, rules=rules)
        except PaymentReversed:
            undone = None
        reversal = payments.reversal_of(connection, payment)
        assert reversal is not None
        if undone is not None:
            record(connection, replace(undone.event, detail={**undone.event.detail, "by": by}))
        return TakenBack(payment, reversal, again=undone is None)
