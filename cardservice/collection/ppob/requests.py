# SPDX-License-Identifier: Apache-2.0
"""What an aggregator asks: bodies with exactly the documented members, as typed values."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cardservice.collection.errors import PpobRefused
from cardservice.collection.ppob.cases import PpobCase

MAX_REFERENCE = 64
MAX_CUSTOMER = 20
MOST_RUPIAH = 10**12


class Operation(StrEnum):
    """The operations, by the end of their address."""

    INQUIRY = "inquiry"
    PAYMENT = "payment"
    ADVICE = "advice"
    REVERSAL = "reversal"


class ReversalReason(StrEnum):
    """Why an aggregator takes a payment back."""

    TIMEOUT = "timeout"  # its till gave up waiting
    CUSTOMER = "customer"  # the payer withdrew at the till
    ERROR = "error"  # a wrong number or amount was typed


_MEMBERS: Mapping[Operation, frozenset[str]] = {
    Operation.INQUIRY: frozenset({"ref_id", "customer_no"}),
    Operation.PAYMENT: frozenset({"ref_id", "customer_no", "amount"}),
    Operation.ADVICE: frozenset({"ref_id"}),
    Operation.REVERSAL: frozenset({"ref_id", "reason"}),
}
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class PpobAsked:
    """One request. ``amount`` in whole rupiah, 0 where the operation has none."""

    operation: Operation
    reference: str
    customer_no: str = field(default="", repr=False)
    amount: int = 0
    reason: str = ""

    @property
    def sha256(self) -> bytes:
        """Over what was asked, so that another question under the same reference is seen."""
        asked = f"{self.operation}|{self.reference}|{self.customer_no}|{self.amount}|{self.reason}"
        return hashlib.sha256(asked.encode()).digest()


def read_asked(operation: Operation, members: Mapping[str, Any]) -> PpobAsked:
    """The request in a body. Raises PpobRefused (30) that names the first member that is wrong, missing or too many."""
    for name in sorted(members.keys() ^ _MEMBERS[operation]):
        raise PpobRefused(case=PpobCase.FORMAT, field=name)
    reference, customer = members["ref_id"], members.get("customer_no", "0")
    amount, reason = members.get("amount", 1), members.get("reason", ReversalReason.TIMEOUT)
    rules = {
        "ref_id": type(reference) is str and len(reference) <= MAX_REFERENCE and _REFERENCE.fullmatch(reference),
        "customer_no": type(customer) is str and len(customer) <= MAX_CUSTOMER and _DIGITS.fullmatch(customer),
        "amount": type(amount) is int and 0 < amount <= MOST_RUPIAH,
        "reason": reason in tuple(ReversalReason),  # compared, not hashed: it may be a list,
    }
    for name, fulfilled in rules.items():
        if not fulfilled:
            raise PpobRefused(case=PpobCase.FORMAT, field=name)
    return PpobAsked(
        operation,
        reference,
        customer if "customer_no" in members else "",
        amount if "amount" in members else 0,
        str(reason) if "reason" in members else "",
    )
