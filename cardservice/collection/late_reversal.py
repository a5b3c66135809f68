# SPDX-License-Identifier: Apache-2.0
"""``tell_late_reversal``: a payment that is taken back after its day's statement was taken in is a difference from then on (decision 0159)."""

import hashlib
from datetime import datetime

from cardservice.coverage.civil_time import civil_day
from cardservice.records import reconciliations
from cardservice.records.connection import Connection
from cardservice.records.payments import Channel, PaymentRow
from cardservice.records.reconciliations import Difference, DifferenceRow

_SETTLED_BY_STATEMENT = frozenset({Channel.VIRTUAL_ACCOUNT, Channel.PPOB})
# The partner gave it up, or never had it: with our reversal both agree.
_AGREES = frozenset({Difference.MISSING_AT_PARTNER, Difference.REVERSED})


def tell_late_reversal(connection: Connection, payment: PaymentRow, at: datetime) -> None:
    """Open the difference, in the transaction of the reversal. Nothing where no statement has the payment as paid."""
    if payment.channel not in _SETTLED_BY_STATEMENT:
        return
    partner_id, day = payment.partner_id, civil_day(payment.received_at)
    reconciliations.hold(connection, partner_id)
    if reconciliations.find(connection, partner_id, day) is None:
        return
    known = reconciliations.differences_in(connection, partner_id, payment.reference)
    if any(each.kind in _AGREES for each in known):
        return
    theirs = next((each.theirs for each in known if each.theirs is not None), payment.amount)
    row = DifferenceRow(
        partner_id, _name(payment), day, Difference.REVERSED, payment.reference, theirs, payment.amount, at
    )
    reconciliations.add(connection, row)


def _name(payment: PaymentRow) -> str:
    """A payment is reversed once, so its identifier names the difference too."""
    return hashlib.sha256(f"late reversal {payment.payment_id}".encode()).hexdigest()[:32]
