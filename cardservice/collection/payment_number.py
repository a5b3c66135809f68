# SPDX-License-Identifier: Apache-2.0
"""The payment number: 16 digits that a member types at an ATM, ``88`` + 13 random digits + Luhn check digit (ISO/IEC 7812-1, annex B).

It reveals nothing, and 13 random digits are too many to guess a member's (decision 0150). No province has the number 88, so that a
payment number is never taken for a NIK; and no card scheme issues under it, so that it is never taken for a bank card.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from cardservice.audit.record import record
from cardservice.collection.shown_name import shown_name
from cardservice.enrolment.holder_name import open_name
from cardservice.keys import Sealer
from cardservice.records import members, payment_numbers
from cardservice.records.audit_events import AuditEvent
from cardservice.records.database import Database
from cardservice.records.errors import PaymentNumberTaken
from cardservice.records.payment_numbers import NUMBER_LENGTH, PaymentNumber

PREFIX = "88"
RANDOM_DIGITS = NUMBER_LENGTH - len(PREFIX) - 1
CHUNK = 100  # members looked up at once
_TRIES = 5


class Entropy(Protocol):
    """The system's source of randomness."""

    def __call__(self, length: int, /) -> bytes:
        """``length`` random octets."""
        ...


def luhn_digit(digits: str) -> str:
    """The check digit that goes behind ``digits``: any one wrong digit, and nearly any two swapped, are noticed."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


def is_payment_number(text: str) -> bool:
    """Whether these 16 digits can be a payment number at all."""
    return len(text) == NUMBER_LENGTH and text.startswith(PREFIX) and text[-1] == luhn_digit(text[:-1])


def new_payment_number(entropy: Entropy) -> str:
    """A random number. 16 octets more than are needed make every digit as likely as any other."""
    drawn = int.from_bytes(entropy(16)) % 10**RANDOM_DIGITS
    digits = f"{PREFIX}{drawn:0{RANDOM_DIGITS}d}"
    return digits + luhn_digit(digits)


def assign_payment_number(
    database: Database, member_id: str, *, sealer: Sealer, entropy: Entropy, at: datetime
) -> PaymentNumber:
    """Give a member a number; one who has an open one keeps it. The name is opened once, here, and kept as it is shown, masked.

    Raises RecordNotFound, and whatever the sealer raises.
    """
    with database.read() as connection:
        known = payment_numbers.of_member(connection, member_id)
        member = members.get(connection, member_id)
    if known is not None and known.expires_at is None:
        return known
    name = shown_name(open_name(sealer, member, reason="payment number"))
    for _ in range(_TRIES):
        number = PaymentNumber(member_id, new_payment_number(entropy), name, at)
        try:
            with database.begin() as connection:
                payment_numbers.add(connection, number)
                record(connection, AuditEvent("payment-number.assigned", at, member_id=member_id))
        except PaymentNumberTaken as taken:
            if taken.evidence["field"] == "member":  # somebody else gave one since we looked
                with database.read() as connection:
                    given = payment_numbers.of_member(connection, member_id)
                assert given is not None
                return given
            continue
        return number
    raise PaymentNumberTaken(field="number")


def end_payment_number(database: Database, member_id: str, at: datetime) -> bool:
    """Let a member's number end, since it was told to the wrong people or is to be replaced; whether there was one."""
    with database.begin() as connection:
        ended = payment_numbers.end(connection, member_id, at)
        if ended:
            record(connection, AuditEvent("payment-number.ended", at, member_id=member_id))
        return ended


def assign_many(
    database: Database,
    *,
    sealer: Sealer,
    entropy: Entropy,
    now: Callable[[], datetime],
    on_number: Callable[[PaymentNumber], None],
) -> None:
    """Give a number to every member without one. What the sealer raises ends it, and what was given stays: call it again."""
    while True:
        with database.read() as connection:
            waiting = payment_numbers.members_without(connection, CHUNK)
        if not waiting:
            return
        for member_id in waiting:
            on_number(assign_payment_number(database, member_id, sealer=sealer, entropy=entropy, at=now()))
