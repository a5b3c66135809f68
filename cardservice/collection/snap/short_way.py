# SPDX-License-Identifier: Apache-2.0
"""The short way of a fresh inquiry, payment or status by payment number: nearly all that banks ask (decision 0158).

It decides what the long way in ``desk.py`` decides, by the same biller and the same words, in fewer trips to the database. Whatever stands
against it - a name that was used, a number unknown or ended, nothing due, a wrong amount, a NIK, a locked member - changes nothing, and goes the long way.
"""

from collections.abc import Callable
from datetime import datetime

from cardservice.collection.bill_type import BillType, require_open
from cardservice.collection.biller import BillerPort, Owing, PaidUnder, PaymentOrder, Receipt, has_ended
from cardservice.collection.errors import BillerRefused
from cardservice.collection.member_ledger import ledger_of
from cardservice.collection.payment_number import is_payment_number
from cardservice.collection.snap.answers import Answer, inquired, paid, told_status
from cardservice.collection.snap.caller import Calling
from cardservice.collection.snap.cases import Case, Service
from cardservice.collection.snap.requests import InquiryRequest, PaymentRequest, Request, StatusRequest
from cardservice.coverage.civil_time import civil_day
from cardservice.records.banks import Bank
from cardservice.records.hot_path.payment_store import Claim, Credit, Opened, PaymentStore, Told
from cardservice.records.payments import Channel


async def answer_shortly(
    store: PaymentStore, biller: BillerPort, calling: Calling, request: Request, now: datetime
) -> Answer | None:
    """The answer, when it is written down; None where it has to go the long way, and nothing was changed."""
    number = request.account.customer_no
    if request.account.service_id != calling.bank.service_id or not is_payment_number(number):
        return None
    match request:
        case InquiryRequest():
            claim = _claim(calling, Service.INQUIRY, request, now)
            return await _kept(
                store, number, claim, lambda opened: _inquired(opened, biller, calling.bank, request, now)
            )
        case PaymentRequest():
            told = await store.credit(
                _claim(calling, Service.PAYMENT, request, now),
                number,
                lambda opened: _credited(opened, biller, calling.bank, request, now),
            )
            return None if told is None else Answer(Case.SUCCESS, Service.PAYMENT, rest=told.answer)
        case StatusRequest():
            claim = _claim(calling, Service.STATUS, request, now)
            return await _kept(store, number, claim, lambda opened: _status(opened, biller, calling.bank, request, now))


def order_of(bank: Bank, asked: PaymentRequest) -> PaymentOrder:
    """A payment as the biller takes it: whole rupiah, whoever asks for sen is refused before."""
    return PaymentOrder(paid_under(bank, asked.request_id), BillType(bank.bill_type), asked.paid.rupiah, asked.paid_at)


def paid_under(bank: Bank, request_id: str) -> PaidUnder:
    """What a bank's payment goes by."""
    return PaidUnder(Channel.VIRTUAL_ACCOUNT, bank.partner_id, request_id)


async def _kept(
    store: PaymentStore, number: str, claim: Claim, say: Callable[[Opened], Answer | None]
) -> Answer | None:
    """What is said of a number and changes nothing, when it is written down."""
    opened = await store.open(number)
    answer = None if opened is None else say(opened)
    return answer if answer is not None and await store.keep(claim, _told(answer)) else None


def _inquired(opened: Opened, biller: BillerPort, bank: Bank, asked: InquiryRequest, now: datetime) -> Answer | None:
    if has_ended(opened.expires_at, now):
        return None
    known = ledger_of(opened.member, opened.payments, opened.months, opened.parts)
    bill = biller.bill(known, now)
    try:
        require_open(BillType(bank.bill_type), due=bill.due, ceiling=bill.ceiling, month=str(bill.month))
    except BillerRefused:
        return None
    return inquired(bank, asked, Owing(opened.member.member_id, opened.shown_name, bill))


def _status(opened: Opened, biller: BillerPort, bank: Bank, asked: StatusRequest, now: datetime) -> Answer | None:
    known = ledger_of(opened.member, opened.payments, opened.months, opened.parts)
    receipt = biller.advised(known, opened.shown_name, paid_under(bank, asked.request_id), now)
    return None if receipt is None else told_status(bank, asked, receipt)


def _credited(
    opened: Opened, biller: BillerPort, bank: Bank, asked: PaymentRequest, now: datetime
) -> tuple[Told, Credit] | None:
    if has_ended(opened.expires_at, now) or asked.paid.sen:
        return None
    known = ledger_of(opened.member, opened.payments, opened.months, opened.parts)
    try:
        credited = biller.credited(known, order_of(bank, asked), now)
    except BillerRefused:
        return None
    if credited is None:
        return None
    receipt = Receipt(credited.payment, opened.shown_name, credited.bought)
    return _told(paid(bank, asked, receipt)), Credit(credited.payment, credited.change, credited.event)


def _claim(calling: Calling, service: Service, request: Request, now: datetime) -> Claim:
    return Claim(calling.bank.partner_id, civil_day(now), calling.external_id, service.value, request.request_id, now)


def _told(answer: Answer) -> Told:
    return Told(answer.code, answer.rest)
