# SPDX-License-Identifier: Apache-2.0
"""Whom a customer number means: a payment number, or a NIK, which the market types today and which we know by its keyed fingerprint only."""

from dataclasses import dataclass, field

from cardservice.collection.errors import NumberUnknown
from cardservice.collection.payment_number import is_payment_number
from cardservice.enrolment.nik import nik_fault
from cardservice.enrolment.personal_data import nik_fingerprint
from cardservice.keys import BlindIndex


@dataclass(frozen=True, slots=True)
class Payee:
    """A payment number, or the fingerprint of a NIK."""

    number: str = field(default="", repr=False)
    nik_index: bytes | None = field(default=None, repr=False)


def payee_of(customer_no: str, blind_index: BlindIndex) -> Payee:
    """Whom the digits mean. Asks the keys for a NIK only, and is called before any transaction. Raises NumberUnknown for other digits."""
    if is_payment_number(customer_no):
        return Payee(number=customer_no)
    if nik_fault(customer_no) is None:
        return Payee(nik_index=nik_fingerprint(blind_index, customer_no))
    raise NumberUnknown
