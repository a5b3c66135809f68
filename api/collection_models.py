# SPDX-License-Identifier: Apache-2.0
"""Bodies of what intermediaries tell: a group's sum, and cash that an agent took."""

from typing import Annotated

from pydantic import Field

from api.models import Body, EventMoment, Moment
from cardservice.records.payments import MOST_RUPIAH

CODE = r"^[A-Z0-9][A-Z0-9-]{1,31}$"
# No blanks and no controls: it goes into the books, and comes back in messages.
REFERENCE = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$"

Code = Annotated[str, Field(pattern=CODE, max_length=32)]
Reference = Annotated[str, Field(pattern=REFERENCE, max_length=64)]
Rupiah = Annotated[int, Field(ge=1, le=MOST_RUPIAH, description="Whole rupiah.")]


class GroupPaymentRequest(Body):
    """A sum that a group paid for one of its bills. ``reference`` is the idempotency key: the transfer's own, told as often as it takes."""

    group: Code
    bill: Annotated[Reference, Field(description="The group's own name for the bill.")]
    reference: Reference
    amount_rupiah: Rupiah
    paid_at: Annotated[
        EventMoment | None, Field(description="When the money was taken; believed within the last day.")
    ] = None


class GroupPaymentResponse(Body):
    """How the bill stands. Credited to everybody on it, or to nobody: then ``missing_rupiah`` more, and it is paid."""

    group: str
    bill: str
    bill_rupiah: int
    settled_at: Moment | None = None
    missing_rupiah: Annotated[int, Field(ge=0)]
    deposit_rupiah: Annotated[int, Field(ge=0, description="What waits for the group's next bill.")]


class CashReceiptRequest(Body):
    """Cash that an agent took from a member. ``reference`` is the idempotency key: the agent's device names each receipt."""

    agent: Code
    member_ref: Annotated[
        str, Field(min_length=1, max_length=64, description="The member, by the reference of the list.")
    ]
    amount_rupiah: Rupiah
    reference: Reference


class CashReceiptResponse(Body):
    """The receipt. The member is covered from ``taken_at`` on."""

    agent: str
    number: Annotated[int, Field(ge=1, description="The agent's own numbers run without gaps.")]
    member_ref: str
    amount_rupiah: int
    taken_at: Moment
    document: Annotated[
        str,
        Field(
            description="The signed receipt: a compact JWS, ES256, for a QR code; /.well-known/receipt-keys.json checks it."
        ),
    ]
