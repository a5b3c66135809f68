# SPDX-License-Identifier: Apache-2.0
"""The bodies of SNAP answers. An answer is its response code, its message, and the rest, kept apart so that a retry gets the first rest again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cardservice.collection.biller import Owing, Receipt
from cardservice.collection.snap.bills import bill_details, due_texts, paid_details, paid_texts
from cardservice.collection.snap.cases import Case, Service
from cardservice.collection.snap.fields import rupiah
from cardservice.collection.snap.requests import (
    MAX_ACCOUNT,
    MAX_CUSTOMER,
    MAX_REQUEST_ID,
    SERVICE_ID_LENGTH,
    InquiryRequest,
    PaymentRequest,
    StatusRequest,
)
from cardservice.collection.snap.timestamp import write_timestamp
from cardservice.records.banks import Bank

OK, REJECTED, UNKNOWN = "00", "01", "02"
REVERSED = ("Reversed", "Dibatalkan")
_SUCCESS = {"english": "Success", "indonesia": "Sukses"}
# The reason in the account data, at most 64 characters, beside the message that the standard fixes.
_REASONS = {
    Case.BAD_REQUEST: ("Bad request", "Permintaan tidak dapat dibaca"),
    Case.FIELD_FORMAT: ("Invalid field format", "Format data salah"),
    Case.MANDATORY_FIELD: ("Mandatory field missing", "Data wajib tidak ada"),
    Case.TRANSACTION_NOT_FOUND: ("Transaction not found", "Transaksi tidak ditemukan"),
    Case.BILL_UNKNOWN: ("Bill not found", "Tagihan tidak ditemukan"),
    Case.BILL_EXPIRED: ("Virtual account expired", "Nomor pembayaran kedaluwarsa"),
    Case.BILL_PAID: ("Bill has been paid", "Tagihan telah dibayar"),
    Case.AMOUNT_INVALID: ("Invalid amount", "Jumlah pembayaran tidak sesuai"),
    Case.INCONSISTENT: ("Inconsistent request", "Permintaan tidak konsisten"),
    Case.CONFLICT: ("X-EXTERNAL-ID was used today", "X-EXTERNAL-ID sudah dipakai hari ini"),
    Case.IN_PROGRESS: ("In progress", "Sedang diproses"),
    Case.TIMEOUT: ("Timeout", "Waktu habis"),
}
# Prefix of the two members in the account data that tell the outcome.
_OUTCOME = {Service.INQUIRY: "inquiry", Service.PAYMENT: "paymentFlag", Service.STATUS: "paymentFlag"}
_REQUEST_ID = {
    Service.INQUIRY: "inquiryRequestId",
    Service.PAYMENT: "paymentRequestId",
    Service.STATUS: "paymentRequestId",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``rest`` is the JSON text of the members after the first two, without braces; empty where there are none."""

    case: Case
    service: Service
    reason: str = ""
    rest: str = ""

    @property
    def code(self) -> str:
        """The response code, 7 digits."""
        return self.case.code(self.service)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.case.status

    def body(self) -> bytes:
        """The JSON text."""
        head = json.dumps(
            {"responseCode": self.code, "responseMessage": self.case.message(self.reason)}, separators=(",", ":")
        )
        return (f"{head[:-1]},{self.rest}}}" if self.rest else head).encode()


def inquired(bank: Bank, asked: InquiryRequest, owing: Owing) -> Answer:
    """2002400: what is owed."""
    lines = owing.bill.lines(bank.most_bills)
    account = {
        "inquiryStatus": OK,
        "inquiryReason": _SUCCESS,
        **asked.account.document(),
        "virtualAccountName": owing.shown_name[: bank.most_name],
        "virtualAccountEmail": "",
        "virtualAccountPhone": "",
        "inquiryRequestId": asked.request_id,
        "totalAmount": rupiah(owing.bill.due),
        "subCompany": "00000",
        "billDetails": bill_details(lines),
        "freeTexts": due_texts(lines),
        "virtualAccountTrxType": bank.bill_type,
        "feeAmount": rupiah(0),
    }
    return Answer(Case.SUCCESS, Service.INQUIRY, rest=_rest(account))


def paid(bank: Bank, asked: PaymentRequest, receipt: Receipt) -> Answer:
    """2002500: what was credited."""
    carried = receipt.payment.amount - sum(each.amount for each in receipt.bought)
    account = {
        "paymentFlagReason": _SUCCESS,
        **asked.account.document(),
        "virtualAccountName": receipt.shown_name[: bank.most_name],
        "paymentRequestId": asked.request_id,
        "paidAmount": asked.paid.document(),
        "totalAmount": (asked.total or asked.paid).document(),
        "trxDateTime": write_timestamp(receipt.payment.received_at),
        "referenceNo": asked.reference_no or "",
        "paymentFlagStatus": OK,
        "billDetails": paid_details(receipt.bought, bank.most_bills),
        "freeTexts": paid_texts(receipt.bought, carried),
    }
    return Answer(Case.SUCCESS, Service.PAYMENT, rest=_rest(account))


def told_status(bank: Bank, asked: StatusRequest, receipt: Receipt) -> Answer:
    """2002600: what became of a payment. One that was reversed is told as rejected."""
    reversal = dict(zip(("english", "indonesia"), REVERSED, strict=True))
    amount = rupiah(receipt.payment.amount)
    account = {
        "paymentFlagReason": reversal if receipt.reversed else _SUCCESS,
        **asked.account.document(),
        "inquiryRequestId": asked.inquiry_request_id,
        "paymentRequestId": receipt.payment.reference,
        "paidAmount": amount,
        "totalAmount": amount,
        "transactionDate": write_timestamp(receipt.payment.received_at),
        "referenceNo": "",
        "paymentFlagStatus": REJECTED if receipt.reversed else OK,
        "billDetails": paid_details(receipt.bought, bank.most_bills),
        "freeTexts": [],
    }
    return Answer(Case.SUCCESS, Service.STATUS, rest=_rest(account))


def refused(
    service: Service,
    case: Case,
    reason: str,
    members: Mapping[str, Any],
    *,
    told: str = REJECTED,
    is_reversed: bool = False,
) -> Answer:
    """Any other case, with the status that a bank reads in the account data and what it sent, as far as it has the right form.

    ``is_reversed``: what is asked about was paid and taken back, which is told in the words of service 26 (decision 0157).
    """
    english, indonesian = REVERSED if is_reversed else _REASONS.get(case, ("Failed", "Gagal"))
    outcome = _OUTCOME[service]
    account = {
        f"{outcome}Status": told,
        f"{outcome}Reason": {"english": english, "indonesia": indonesian},
        "partnerServiceId": _echo(members, "partnerServiceId", SERVICE_ID_LENGTH),
        "customerNo": _echo(members, "customerNo", MAX_CUSTOMER),
        "virtualAccountNo": _echo(members, "virtualAccountNo", MAX_ACCOUNT),
        _REQUEST_ID[service]: _echo(members, _REQUEST_ID[service], MAX_REQUEST_ID),
    }
    return Answer(case, service, reason, _rest(account))


def plain(service: Service, case: Case, reason: str = "") -> Answer:
    """Code and message only: to those who did not prove who they are, and to bodies that could not be read."""
    return Answer(case, service, reason)


def _echo(members: Mapping[str, Any], name: str, most: int) -> str:
    value = members.get(name)
    return value if type(value) is str and len(value) <= most and value.isascii() and value.isprintable() else ""


def _rest(account: Mapping[str, Any]) -> str:
    members = {"virtualAccountData": account, "additionalInfo": {}}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))[1:-1]
