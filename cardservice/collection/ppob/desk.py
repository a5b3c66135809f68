# SPDX-License-Identifier: Apache-2.0
"""``PpobDesk``: one request of an aggregator in, one answer out, over the same biller as SNAP's.

A reference sent again gets the answer of the first time, octet for octet. Inquiry and payment belong to one day in Jakarta. A request that is
malformed, not proven, or for a wrong amount leaves nothing; nor does any other refusal, so that it may be sent again when its cause is gone.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardservice.audit.record import record
from cardservice.collection.bill_type import BillType, require_open
from cardservice.collection.biller import BillerPort, PaidUnder, PaymentOrder
from cardservice.collection.errors import (
    AmountRefused,
    BillerRefused,
    BodyMalformed,
    InquiryUnknown,
    NothingDue,
    NumberExpired,
    NumberUnknown,
    PaymentConflict,
    PaymentReversed,
    PaymentUnknown,
    PpobRefused,
)
from cardservice.collection.patience import PATIENCE_S, Patience
from cardservice.collection.payee import Payee, payee_of
from cardservice.collection.ppob.cases import PpobCase
from cardservice.collection.ppob.register import aggregator_of
from cardservice.collection.ppob.requests import Operation, PpobAsked, read_asked
from cardservice.collection.strict_body import read_body
from cardservice.coverage.civil_time import civil_day
from cardservice.coverage.ledger import Allocation
from cardservice.coverage.programme import Programme
from cardservice.keys import BlindIndex
from cardservice.records import ppob_requests
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.patience import wait_at_most
from cardservice.records.payments import Channel
from cardservice.records.ppob_partners import PpobPartner
from cardservice.records.ppob_requests import PpobRequest, Step

_CASES: Mapping[type[BillerRefused], PpobCase] = {
    NumberUnknown: PpobCase.NUMBER_UNKNOWN,
    NumberExpired: PpobCase.EXPIRED,
    NothingDue: PpobCase.PAID,
    AmountRefused: PpobCase.AMOUNT,
    PaymentUnknown: PpobCase.NOT_FOUND,
    PaymentConflict: PpobCase.CONFLICT,
    PaymentReversed: PpobCase.REVERSED,
    InquiryUnknown: PpobCase.NO_INQUIRY,
}
_STEPS = {
    Operation.INQUIRY: Step.INQUIRY,
    Operation.PAYMENT: Step.PAYMENT,
    Operation.REVERSAL: Step.REVERSAL,
}


@dataclass(frozen=True, slots=True)
class PpobAnswer:
    """The case, and the JSON text."""

    case: PpobCase
    body: bytes


@dataclass(frozen=True, slots=True)
class PpobDesk:
    """What answers aggregators. Its calls block."""

    database: Database
    biller: BillerPort
    blind_index: Callable[[], BlindIndex]
    monotonic: Callable[[], float]
    patience_s: float = PATIENCE_S

    def patience(self) -> Patience:
        """How long a request that comes now may wait."""
        return Patience.of(self.patience_s, self.monotonic)

    def answer(self, operation: Operation, secret: str, body: bytes, now: datetime, patience: Patience) -> PpobAnswer:
        """Any operation. Raises what keys and database raise when they can't answer; DatabaseUnavailable where ``patience`` ended."""
        reference = ""
        try:
            with self.database.read() as connection:
                partner = aggregator_of(connection, secret, now)
            asked = read_asked(operation, read_body(body))
            reference = asked.reference
            return self._turn(partner, asked, now, patience)
        except PpobRefused as no:
            case = no.evidence["case"]
            assert isinstance(case, PpobCase)
            return refusal(case, reference, str(no.evidence["field"]))
        except BodyMalformed:
            return refusal(PpobCase.FORMAT, reference)
        except BillerRefused as no:
            return refusal(_CASES[type(no)], reference)

    def _turn(self, partner: PpobPartner, asked: PpobAsked, now: datetime, patience: Patience) -> PpobAnswer:
        # The keys are asked before any row is locked.
        payee = payee_of(asked.customer_no, self.blind_index()) if asked.customer_no else None
        if asked.operation is Operation.ADVICE:
            with self.database.read() as connection:
                return self._advice(connection, partner, asked, now)
        request = PpobRequest(
            partner.partner_id, asked.reference, _STEPS[asked.operation], asked.sha256, civil_day(now), None, now
        )
        with self.database.begin(patience.left_ms()) as connection:
            wait_at_most(connection, patience.left_ms())
            if not ppob_requests.begin(connection, request):
                return self._again(connection, request, now)
            wait_at_most(
                connection, patience.left_ms()
            )  # for inquiry and member: less what the reference was waited for
            match asked.operation:
                case Operation.INQUIRY:
                    assert payee is not None
                    told, event = self._inquiry(connection, partner, asked, payee, now), None
                case Operation.PAYMENT:
                    assert payee is not None
                    told, event = self._payment(connection, partner, asked, payee, request)
                case _:
                    told, event = self._reversal(connection, request, asked)
            ppob_requests.finish(connection, request, told)
            if event is not None:
                wait_at_most(connection, patience.left_ms())
                record(connection, event)
            return _as_told(told)

    def _inquiry(
        self, connection: Connection, partner: PpobPartner, asked: PpobAsked, payee: Payee, now: datetime
    ) -> str:
        owing = self.biller.inquire(connection, payee, now)
        bill = owing.bill
        require_open(BillType(partner.bill_type), due=bill.due, ceiling=bill.ceiling, month=str(bill.month))
        return _told(asked, owing.shown_name, owing.bill.parts, owing.bill.due)

    def _payment(
        self, connection: Connection, partner: PpobPartner, asked: PpobAsked, payee: Payee, request: PpobRequest
    ) -> tuple[str, AuditEvent | None]:
        inquiry = ppob_requests.lock_inquiry(connection, partner.partner_id, asked.reference)
        same = PpobAsked(Operation.INQUIRY, asked.reference, asked.customer_no).sha256
        if inquiry is None or inquiry.day != request.day or inquiry.asked_sha256 != same:
            raise InquiryUnknown
        if ppob_requests.find(connection, partner.partner_id, asked.reference, Step.REVERSAL) is not None:
            raise PaymentReversed  # the reversal was faster
        kind = BillType(partner.bill_type)
        order = PaymentOrder(_own(request), kind, asked.amount)
        receipt = self.biller.pay(connection, payee, order, request.asked_at)
        number = receipt.payment.payment_id
        told = _told(asked, receipt.shown_name, receipt.bought, receipt.payment.amount, receipt_no=number)
        return told, receipt.event

    def _reversal(
        self, connection: Connection, request: PpobRequest, asked: PpobAsked
    ) -> tuple[str, AuditEvent | None]:
        """A payment that has not come is told as not found, and the record of that keeps it from being taken when it comes late."""
        ppob_requests.lock_inquiry(connection, request.partner_id, asked.reference)
        try:
            receipt = self.biller.reverse(connection, _own(request), asked.reason, request.asked_at)
        except PaymentUnknown:
            return _text(PpobCase.NOT_FOUND, asked.reference), None
        return _text(PpobCase.SUCCESS, asked.reference, total=receipt.payment.amount), receipt.event

    def _advice(self, connection: Connection, partner: PpobPartner, asked: PpobAsked, now: datetime) -> PpobAnswer:
        """What became of a payment: its own answer again, or that there is none, or that it was reversed."""
        receipt = self.biller.advise(connection, PaidUnder(Channel.PPOB, partner.partner_id, asked.reference), now)
        if receipt.reversed:
            raise PaymentReversed
        known = ppob_requests.find(connection, partner.partner_id, asked.reference, Step.PAYMENT)
        if known is None or known.answer is None:
            raise PaymentUnknown
        return _as_told(known.answer)

    def _again(self, connection: Connection, request: PpobRequest, now: datetime) -> PpobAnswer:
        known = ppob_requests.find(connection, request.partner_id, request.reference, request.step)
        assert known is not None
        if known.asked_sha256 != request.asked_sha256:
            raise PaymentConflict
        if request.step is Step.PAYMENT and self.biller.advise(connection, _own(request), now).reversed:
            raise PaymentReversed
        assert known.answer is not None
        return _as_told(known.answer)


def _own(request: PpobRequest) -> PaidUnder:
    return PaidUnder(Channel.PPOB, request.partner_id, request.reference)


def refusal(case: PpobCase, reference: str = "", wrong: str = "") -> PpobAnswer:
    """An answer without a transaction behind it; ``wrong`` names the member that is, as far as UTF-8 can: it may be half of a surrogate pair."""
    told = _text(case, reference, **({"field": wrong[:64]} if wrong else {}))
    return PpobAnswer(case, told.encode(errors="replace"))


def _as_told(told: str) -> PpobAnswer:
    """An answer as it was kept."""
    code = json.loads(told)["rc"]
    return PpobAnswer(next(case for case in PpobCase if case.code == code), told.encode())


def _told(asked: PpobAsked, name: str, parts: tuple[Allocation, ...], total: int, **more: Any) -> str:
    """Five amounts as switches carry them: three programmes, what is kept as credit, and an administration fee that we don't take."""
    months = sorted({each.month for each in parts})
    amounts = {programme: sum(each.amount for each in parts if each.programme is programme) for programme in Programme}
    return _text(
        PpobCase.SUCCESS,
        asked.reference,
        customer_no=asked.customer_no,
        name=name,
        period=f"{months[0]}/{months[-1]}" if months else "",
        sheets=len(months),
        jkk=amounts[Programme.JKK],
        jkm=amounts[Programme.JKM],
        jht=amounts[Programme.JHT],
        credit=total - sum(amounts.values()),
        admin=0,
        total=total,
        **more,
    )


def _text(case: PpobCase, reference: str, **more: Any) -> str:
    members = {"rc": case.code, "message": case.message, "ref_id": reference, **more}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))
