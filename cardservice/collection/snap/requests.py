# SPDX-License-Identifier: Apache-2.0
"""What a bank asks: the bodies of services 24 (inquiry), 25 (payment) and 26 (status), as typed values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardservice.collection.errors import SnapRefused
from cardservice.collection.snap.cases import Case, Service
from cardservice.collection.snap.fields import Amount, Fields

SERVICE_ID_LENGTH = 8  # left-padded with spaces, which count
MAX_CUSTOMER = 20
MAX_ACCOUNT = SERVICE_ID_LENGTH + MAX_CUSTOMER
MAX_REQUEST_ID = 128
MAX_BILLS = 24
MAX_FREE_TEXTS = 25

_SERVICE_ID = r" *[0-9]+"
_DIGITS = r"[0-9]+"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose bill: ``partnerServiceId`` with its spaces, ``customerNo``, and both as ``virtualAccountNo``."""

    service_id: str
    customer_no: str

    @property
    def number(self) -> str:
        """VirtualAccountNo."""
        return self.service_id + self.customer_no

    def document(self) -> dict[str, str]:
        """As every answer echoes it."""
        return {
            "partnerServiceId": self.service_id,
            "customerNo": self.customer_no,
            "virtualAccountNo": self.number,
        }


@dataclass(frozen=True, slots=True)
class InquiryRequest:
    """Service 24."""

    account: Account
    request_id: str  # inquiryRequestId
    amount: Amount | None


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """Service 25."""

    account: Account
    request_id: str  # paymentRequestId
    paid: Amount
    total: Amount | None
    is_advice: bool  # flagAdvise Y: sent again since the first answer did not arrive
    paid_at: datetime | None  # trxDateTime
    reference_no: str | None
    name: str | None  # virtualAccountName, as our inquiry gave it


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """Service 26. The payment is known by ``paymentRequestId``, or by the inquiry that it followed, which has the same value."""

    account: Account
    request_id: str
    inquiry_request_id: str


Request = InquiryRequest | PaymentRequest | StatusRequest


def read_request(service: Service, members: Mapping[str, Any]) -> Request:
    """The request in a body. Raises SnapRefused at the first field that is wrong, in the order of the standard's table."""
    fields = Fields(members)
    service_id = fields.text("partnerServiceId", SERVICE_ID_LENGTH, _SERVICE_ID, least=SERVICE_ID_LENGTH)
    customer = fields.text("customerNo", MAX_CUSTOMER, _DIGITS)
    number = fields.text("virtualAccountNo", MAX_ACCOUNT)
    account = Account(service_id, customer)
    if number != account.number:
        raise fields.malformed("virtualAccountNo")
    if service is Service.INQUIRY:
        return _inquiry(fields, account)
    return _payment(fields, account) if service is Service.PAYMENT else _status(fields, account)


def _inquiry(fields: Fields, account: Account) -> InquiryRequest:
    fields.moment("trxDateInit", "txnDateInit")  # the standard's own sample has the second spelling
    fields.code("channelCode", 4)
    fields.optional_text("language", 2, r"[A-Za-z]+")
    amount = fields.optional_amount("amount")
    fields.optional_text("hashedSourceAccountNo", 32)
    fields.code("sourceBankCode", 11)
    fields.optional_text("passApp", 64)
    request_id = fields.text("inquiryRequestId", MAX_REQUEST_ID)
    fields.object("additionalInfo")
    return InquiryRequest(account, request_id, amount)


def _payment(fields: Fields, account: Account) -> PaymentRequest:
    name = fields.optional_text("virtualAccountName", 255)
    fields.optional_text("virtualAccountEmail", 255)
    fields.optional_text("virtualAccountPhone", 30, r"\+?[0-9]+")
    fields.optional_text("trxId", 64)
    request_id = fields.text("paymentRequestId", MAX_REQUEST_ID)
    fields.code("channelCode", 4)
    fields.optional_text("hashedSourceAccountNo", 32)
    fields.code("sourceBankCode", 11)
    paid = fields.amount("paidAmount")
    fields.optional_amount("cumulativePaymentAmount")
    fields.optional_text("paidBills", 6, r"[0-9A-Fa-f]+")
    total = fields.optional_amount("totalAmount")
    paid_at = fields.moment("trxDateTime")
    reference_no = fields.optional_text("referenceNo", 64)
    fields.optional_text("journalNum", 6)
    fields.code("paymentType", 1)
    advice = fields.optional_text("flagAdvise", 1, r"[YN]")
    fields.optional_text("subCompany", 5)
    for position, bill in enumerate(fields.objects("billDetails", MAX_BILLS)):
        _bill(Fields(bill, f"billDetails[{position}]."))
    fields.objects("freeTexts", MAX_FREE_TEXTS)
    fields.object("additionalInfo")
    return PaymentRequest(account, request_id, paid, total, advice == "Y", paid_at, reference_no, name)


def _bill(fields: Fields) -> None:
    fields.code("billCode", 2)
    fields.optional_text("billNo", 18)
    fields.optional_text("billName", 20)
    fields.optional_text("billShortName", 10)
    fields.object("billDescription")
    fields.optional_text("billSubCompany", 5)
    fields.optional_amount("billAmount")
    fields.object("additionalInfo")
    fields.code("billReferenceNo", 15)


def _status(fields: Fields, account: Account) -> StatusRequest:
    inquiry = fields.optional_text("inquiryRequestId", MAX_REQUEST_ID)
    payment = fields.optional_text("paymentRequestId", MAX_REQUEST_ID)
    fields.object("additionalInfo")
    asked = payment or inquiry
    if asked is None:
        raise SnapRefused(case=Case.MANDATORY_FIELD, reason="inquiryRequestId")
    return StatusRequest(account, asked, inquiry or asked)
