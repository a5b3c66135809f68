# SPDX-License-Identifier: Apache-2.0
"""``SnapDesk``: one SNAP request in, one answer out. The biller's refusals become SNAP's cases here, and nowhere else.

A request that is malformed, not proven or for a wrong amount leaves nothing behind. Any other, answered well or not, uses up its
X-EXTERNAL-ID for the day, and its answer is kept for the retry: intent, credit and outcome in one transaction (decision 0152).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardservice.audit.record import record
from cardservice.collection.bill_type import BillType, require_open
from cardservice.collection.biller import BillerPort
from cardservice.collection.errors import (
    AmountRefused,
    BillerRefused,
    BodyMalformed,
    NothingDue,
    NumberExpired,
    NumberUnknown,
    PaymentConflict,
    PaymentReversed,
    PaymentUnknown,
    SnapRefused,
)
from cardservice.collection.in_thread import InThread, NoThreadFree
from cardservice.collection.patience import PATIENCE_S, Patience
from cardservice.collection.payee import Payee, payee_of
from cardservice.collection.snap.access_token import give_access_token
from cardservice.collection.snap.answers import UNKNOWN, Answer, inquired, paid, plain, refused, told_status
from cardservice.collection.snap.caller import Asked, Calling, authenticate_bank
from cardservice.collection.snap.cases import NOT_FOUND, Case, Service
from cardservice.collection.snap.requests import (
    InquiryRequest,
    PaymentRequest,
    Request,
    StatusRequest,
    read_request,
)
from cardservice.collection.snap.short_way import answer_shortly, order_of, paid_under
from cardservice.collection.strict_body import read_body
from cardservice.coverage.civil_time import civil_day
from cardservice.keys import BlindIndex, PartnerSignatures
from cardservice.records import snap_requests
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import DatabaseUnavailable
from cardservice.records.hot_path.payment_store import PaymentStore
from cardservice.records.patience import wait_at_most
from cardservice.records.snap_requests import SnapRequest

_LOCKED = frozenset({"LockNotAvailable"})  # PostgreSQL's 55P03, by the driver's name

_CASES: Mapping[type[BillerRefused], tuple[Case, str]] = {
    NumberUnknown: (Case.BILL_UNKNOWN, NOT_FOUND),
    NumberExpired: (Case.BILL_EXPIRED, ""),
    NothingDue: (Case.BILL_PAID, ""),
    AmountRefused: (Case.AMOUNT_INVALID, ""),
    PaymentConflict: (Case.INCONSISTENT, ""),
    PaymentReversed: (Case.INCONSISTENT, ""),
    PaymentUnknown: (Case.TRANSACTION_NOT_FOUND, ""),
}


@dataclass(frozen=True, slots=True)
class SnapDesk:
    """What answers banks."""

    database: Database
    store: PaymentStore
    biller: BillerPort
    signatures: Callable[[], PartnerSignatures]
    blind_index: Callable[[], BlindIndex]
    randomness: Callable[[int], bytes]
    in_thread: InThread
    in_key_thread: (
        InThread  # apart: those who wait for a locked member must not keep anybody from being known by his signature
    )
    monotonic: Callable[[], float]
    patience_s: float = PATIENCE_S

    async def access_token(self, asked: Asked, now: datetime) -> tuple[int, dict[str, Any]]:
        """Service 73: HTTP status and body. Raises NoThreadFree."""
        octets, patience = self.randomness(32), Patience.of(self.patience_s, self.monotonic)
        try:
            return 200, await self.in_thread(
                lambda: give_access_token(self.database, asked.headers, asked.body, now=now, random_octets=octets),
                patience.left(),
            )
        except (SnapRefused, BodyMalformed) as no:
            case, reason = _said(no)
            code, message = case.code(Service.ACCESS_TOKEN), case.message(reason)
            return case.status, {"responseCode": code, "responseMessage": message}

    async def answer(self, service: Service, asked: Asked, now: datetime) -> Answer:
        """Services 24, 25 and 26. Raises what keys and database raise when they can't answer, DatabaseUnavailable among them; NoThreadFree."""
        patience = Patience.of(self.patience_s, self.monotonic)
        try:
            calling = await authenticate_bank(self.store, self.signatures, self.in_key_thread, asked, now, patience)
            members = read_body(asked.body)
        except (SnapRefused, BodyMalformed) as no:
            return plain(service, *_said(no))
        try:
            request = read_request(service, members)
        except SnapRefused as no:
            return refused(service, *_said(no), members)
        answer = await answer_shortly(self.store, self.biller, calling, request, now)
        if answer is None:
            turn = _Turn(self, calling, service, request, members, now, patience)
            try:
                answer = await self.in_thread(turn.taken_or_refused, patience.left())
            except NoThreadFree:  # those before it wait for their members
                answer = turn.in_progress()
        return answer


@dataclass(frozen=True, slots=True)
class _Turn:
    """One request of a bank that proved who it is, on the long way: whatever it may be."""

    desk: SnapDesk
    calling: Calling
    service: Service
    request: Request
    members: Mapping[str, Any]
    now: datetime
    patience: Patience

    def taken_or_refused(self) -> Answer:
        """The answer. Blocks."""
        try:
            return self.taken()
        except AmountRefused:
            return refused(self.service, Case.AMOUNT_INVALID, "", self.members)
        except DatabaseUnavailable as down:
            if down.evidence.get("error") in _LOCKED:
                return self.in_progress()
            raise

    def in_progress(self) -> Answer:
        """202xx00: others are before it, and nothing was changed."""
        return refused(self.service, Case.IN_PROGRESS, "", self.members, told=UNKNOWN)

    def taken(self) -> Answer:
        """The answer, in one transaction with all that it changes."""
        payee = self._payee()  # asks the keys, so before any row is locked
        bank, day = self.calling.bank, civil_day(self.now)
        with self.desk.database.begin(self.patience.left_ms()) as connection:
            wait_at_most(connection, self.patience.left_ms())
            first = snap_requests.begin(
                connection,
                bank.partner_id,
                day,
                self.calling.external_id,
                service=self.service.value,
                request_id=self.request.request_id,
                at=self.now,
            )
            if not first:
                known = snap_requests.find(connection, bank.partner_id, day, self.calling.external_id)
                assert known is not None
                return self._again(connection, known)
            wait_at_most(
                connection, self.patience.left_ms()
            )  # for the member: less what the X-EXTERNAL-ID was waited for
            answer, payment_id, event = self._answered(connection, payee)
            snap_requests.finish(
                connection,
                bank.partner_id,
                day,
                self.calling.external_id,
                response_code=answer.code,
                answer=answer.rest,
                payment_id=payment_id,
            )
            if event is not None:
                wait_at_most(connection, self.patience.left_ms())
                record(connection, event)
            return answer

    def _payee(self) -> Payee | None:
        account = self.request.account
        if account.service_id != self.calling.bank.service_id:
            return None
        try:
            return payee_of(account.customer_no, self.desk.blind_index())
        except NumberUnknown:
            return None

    def _answered(self, connection: Connection, payee: Payee | None) -> tuple[Answer, str | None, AuditEvent | None]:
        try:
            if payee is None:
                raise NumberUnknown
            match self.request:
                case InquiryRequest():
                    return self._inquiry(connection, payee, self.request), None, None
                case PaymentRequest():
                    return self._payment(connection, payee, self.request)
                case StatusRequest():
                    return self._status(connection, payee, self.request), None, None
        except AmountRefused:
            raise  # nothing stays of it
        except BillerRefused as no:
            gone = isinstance(no, PaymentReversed)
            return refused(self.service, *_CASES[type(no)], self.members, is_reversed=gone), None, None

    def _inquiry(self, connection: Connection, payee: Payee, asked: InquiryRequest) -> Answer:
        owing = self.desk.biller.inquire(connection, payee, self.now)
        bank = self.calling.bank
        bill = owing.bill
        require_open(BillType(bank.bill_type), due=bill.due, ceiling=bill.ceiling, month=str(bill.month))
        return inquired(bank, asked, owing)

    def _payment(
        self, connection: Connection, payee: Payee, asked: PaymentRequest
    ) -> tuple[Answer, str | None, AuditEvent | None]:
        bank = self.calling.bank
        if asked.paid.sen:
            raise AmountRefused(least=0, most=0)  # contributions are whole rupiah
        receipt = self.desk.biller.pay(connection, payee, order_of(bank, asked), self.now)
        if receipt.event is None:
            return self._first_answer(connection, asked), None, None
        return paid(bank, asked, receipt), receipt.payment.payment_id, receipt.event

    def _first_answer(self, connection: Connection, asked: PaymentRequest) -> Answer:
        """For a paymentRequestId that was credited under another X-EXTERNAL-ID: to an advice the first answer, to anything else 4042518."""
        known = snap_requests.credited(connection, self.calling.bank.partner_id, asked.request_id)
        if known is None:
            raise PaymentConflict  # credited, and no request of the bank says so
        return Answer(Case.SUCCESS if asked.is_advice else Case.INCONSISTENT, self.service, rest=known.answer or "")

    def _status(self, connection: Connection, payee: Payee, asked: StatusRequest) -> Answer:
        bank = self.calling.bank
        receipt = self.desk.biller.advise(connection, paid_under(bank, asked.request_id), self.now, payee)
        return told_status(bank, asked, receipt)

    def _again(self, connection: Connection, known: SnapRequest) -> Answer:
        """The X-EXTERNAL-ID was used today: the same payment gets the first result's status, anything else is a conflict.

        A payment that was taken back since is told as service 26 tells it: a bank must not count the first result as success (decision 0157).
        """
        same = known.service == self.service.value == Service.PAYMENT and known.request_id == self.request.request_id
        if not same:
            return refused(self.service, Case.CONFLICT, "", self.members)
        if known.payment_id is not None:
            if not self._asks_the_same(known):
                return refused(self.service, Case.INCONSISTENT, "", self.members)
            if self.desk.biller.advise(connection, paid_under(self.calling.bank, known.request_id), self.now).reversed:
                return refused(self.service, Case.INCONSISTENT, "", self.members, is_reversed=True)
        return Answer(Case.INCONSISTENT, self.service, rest=known.answer or "")

    def _asks_the_same(self, known: SnapRequest) -> bool:
        """A bank counts the first result as success, so another amount or account must not get it."""
        assert isinstance(self.request, PaymentRequest)
        return _stated(known) == (self.request.account.number, self.request.paid.document())


def _stated(known: SnapRequest) -> tuple[str, object]:
    account = json.loads("{" + (known.answer or "") + "}")["virtualAccountData"]
    return account["virtualAccountNo"], account["paidAmount"]


def _said(no: SnapRefused | BodyMalformed) -> tuple[Case, str]:
    if isinstance(no, BodyMalformed):
        return Case.BAD_REQUEST, ""
    case, reason = no.evidence["case"], no.evidence["reason"]
    assert isinstance(case, Case)
    return case, str(reason)
