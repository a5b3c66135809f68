# SPDX-License-Identifier: Apache-2.0
"""Rows for the tests: valid, distinct for distinct numbers, and all alike otherwise."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import PaidMonths, Payer, WorkSector
from cardservice.records import (
    agent_cash,
    approvals,
    card_keys,
    cards,
    cash_documents,
    cash_reversals,
    group_bills,
    group_bounces,
    group_money,
    group_moves,
    group_payers,
    intermediaries,
    members,
    orders,
    standing,
    stock,
    verifiers,
)
from cardservice.records.agent_cash import CashAgent, CashReceipt, Remittance
from cardservice.records.card_keys import CardKey, KeyState
from cardservice.records.card_state import CardState
from cardservice.records.cards import NewCard
from cardservice.records.cash_documents import CashDocument
from cardservice.records.cash_reversals import ReceiptVoid, RemittanceBounce
from cardservice.records.challenges import Challenge
from cardservice.records.group_bills import GroupBill, GroupBillRow
from cardservice.records.group_bounces import Reopening, SumBounce
from cardservice.records.group_money import GroupSum
from cardservice.records.group_moves import GroupMove, GroupMoveRequest
from cardservice.records.group_payers import GroupPayer, Mismatch
from cardservice.records.members import Member
from cardservice.records.paid_record import PaidRecord
from cardservice.records.payments import Channel, PaymentRow
from cardservice.records.standing import CardStanding, CardStatus
from cardservice.records.verifiers import Verifier, VerifierKind

NOW = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)
TODAY = date(2026, 11, 23)
PAID = PaidRecord(
    frozenset({Programme.JKK, Programme.JKM}),
    {
        Programme.JKK: PaidMonths.through(ContributionMonth(2026, 11), ContributionMonth(2026, 1)),
        Programme.JKM: PaidMonths.through(ContributionMonth(2026, 11), ContributionMonth(2026, 1)),
    },
    WorkSector.TRANSPORT,
    Payer.SELF,
    full_monthly_jkk=20_000,
)


def octets(name: str, number: int, length: int) -> bytes:
    """Bytes that look random and belong to a name and number."""
    return hashlib.shake_256(f"{name} {number}".encode()).digest(length)


def identifier(name: str, number: int) -> str:
    return octets(name, number, 16).hex()


def member(number: int) -> Member:
    return Member(
        member_id=identifier("member", number),
        external_ref=f"P-{number:04d}",
        nik_sealed=octets("nik sealed", number, 40),
        nik_index=octets("nik", number, 16),
        name_sealed=octets("name", number, 40),
        birth_date_sealed=octets("birth", number, 40),
        details_index=octets("details", number, 16),
        work_sector=WorkSector.TRANSPORT,
        payer=Payer.SELF,
        income_band=10_000,
        programmes=frozenset({Programme.JKK, Programme.JKM}),
        created_at=NOW,
    )


def verifier(number: int) -> Verifier:
    return Verifier(
        identifier("verifier", number),
        f"Clinic {number}",
        VerifierKind.HEALTH_FACILITY,
        1,
        octets("secret", number, 32),
        NOW,
    )


def chip(number: int) -> NewCard:
    return NewCard(identifier("card", number), f"CHIP-{number:06d}", octets("kdd", number, 10))


def place_order(connection: Connection, number: int, *, of_member: int, key: str | None = None) -> str:
    order_id = identifier("order", number)
    orders.place(
        connection,
        order_id=order_id,
        member_id=identifier("member", of_member),
        ordered_by="ani",
        idempotency_key=key or f"order-{number}",
        request={"member": of_member},
        at=NOW,
    )
    return order_id


def approve(connection: Connection, order_id: str) -> None:
    approvals.approve(connection, order_id, "budi", NOW)
    approvals.approve(connection, order_id, "citra", NOW)


def standing_of(number: int, card_id: str, of_member: int, sector: int = 1) -> CardStanding:
    return CardStanding(
        card_id=card_id,
        sector=sector,
        face=octets("face", number, 16),
        key_thumbprint=octets("thumbprint", number, 32),
        key_point=octets("point", number, 65),
        member_id=identifier("member", of_member),
        life_cycle=CardState.BOUND,
        status=CardStatus.INVALID,
        paid=PAID,
        status_list=0,
        status_index=number,
        updated_at=NOW,
    )


def card_key(number: int, card_id: str, slot: str = "9A", generation: int = 1) -> CardKey:
    return CardKey(
        card_id, slot, generation, octets("spki", number, 32), octets("point", number, 65), KeyState.CREATED, NOW
    )


@dataclass(frozen=True, slots=True)
class BoundCard:
    """What bind_card() made."""

    card_id: str
    order_id: str
    member_id: str


def bind_card(connection: Connection, number: int, kdd: bytes | None = None) -> BoundCard:
    """A member, an approved order, and a chip bound to both, all of one number; ``kdd`` where there is a real chip."""
    members.add(connection, member(number))
    order_id = place_order(connection, number, of_member=number)
    approve(connection, order_id)
    kdd = kdd or octets("kdd", number, 10)
    stock.receive(connection, "Bandung", [replace(chip(number), kdd=kdd)], NOW)
    bound = BoundCard(identifier("card", number), order_id, identifier("member", number))
    cards.bind(connection, bound.card_id, member_id=bound.member_id, order_id=order_id, kdd=kdd, at=NOW)
    return bound


def activate_card(connection: Connection, number: int) -> BoundCard:
    """A card that verifies."""
    bound = bind_card(connection, number)
    standing.add(connection, standing_of(number, bound.card_id, number))
    card_keys.add(connection, card_key(number, bound.card_id))
    cards.set_state(connection, bound.card_id, CardState.BOUND, CardState.PERSONALIZED, NOW)
    cards.set_state(connection, bound.card_id, CardState.PERSONALIZED, CardState.ACTIVE, NOW)
    return bound


def challenge(number: int, of_verifier: int = 1) -> Challenge:
    return Challenge(
        challenge_id=identifier("challenge", number),
        verifier_id=identifier("verifier", of_verifier),
        terminal_id="desk-1",
        purpose="verify",
        programme=Programme.JKK,
        service_date=TODAY,
        nonce=octets("nonce", number, 16),
        issued_at=NOW,
        expires_at=NOW + timedelta(seconds=60),
    )


def add_verifier(connection: Connection, number: int) -> str:
    verifiers.add(connection, verifier(number))
    return identifier("verifier", number)


def payment(number: int, *, of_member: int | None = None, rupiah: int = 8_400) -> PaymentRow:
    return PaymentRow(
        member_id=identifier("member", number if of_member is None else of_member),
        payment_id=identifier("payment", number),
        partner_id="BCA",
        reference=f"pay-{number}",
        channel=Channel.VIRTUAL_ACCOUNT,
        payer=Payer.SELF,
        amount=rupiah,
        received_at=NOW,
        recorded_at=NOW,
        months=[],
    )


def fill_group(connection: Connection) -> None:
    """A row in every table of group payers, for members 1 and 2; member 1 is there."""
    members.add(connection, member(2))
    scheme, one, two = intermediaries.SCHEME_ID, identifier("member", 1), identifier("member", 2)
    group_payers.register(connection, GroupPayer(scheme, Mismatch.HOLD, NOW))
    bill = GroupBill(scheme, identifier("bill", 1), "2026-11", octets("list", 1, 32), 8_400, "ani", NOW)
    group_bills.add(connection, bill, [GroupBillRow(2, one, "P-0001", [["JKK", 202611, 8_400]], 8_400)])
    group_bills.settle(connection, bill, NOW)
    group_money.add_sum(connection, GroupSum(scheme, identifier("sum", 1), "TRF-1", 8_400, NOW, NOW))
    ids = (identifier("payment", 1), identifier("payment", 2))
    month = ContributionMonth(2027, 1)
    move = GroupMove(
        scheme, identifier("move", 1), Programme.JKK, month, "M", one, two, *ids, 5_000, "ani", "left", NOW
    )
    asked = GroupMoveRequest(scheme, "M", identifier("move", 1), one, two, month, "ani", "left", NOW)
    group_moves.add_request(connection, asked)
    group_moves.add_moves(connection, [move])
    group_bounces.add_bounce(connection, SumBounce(scheme, identifier("sum", 1), "ani", "returned", NOW))
    reopening = Reopening(scheme, identifier("bill", 1), 1, identifier("sum", 1), NOW)
    group_bounces.reopen(connection, reopening, [payment(1)])


def fill_cash(connection: Connection) -> None:
    """An agent with a receipt and a remittance; member 1 is there."""
    scheme = intermediaries.SCHEME_ID
    agent_cash.set_terms(connection, CashAgent(scheme, 750, 9_000, 1_000_000, 7, 3, NOW))
    receipt = CashReceipt(scheme, 1, "r", identifier("member", 1), identifier("payment", 1), 8_400, 567, 63, NOW)
    agent_cash.add_receipt(connection, receipt)
    agent_cash.add_remittance(connection, Remittance(scheme, "s", 8_400, NOW))
    cash_documents.keep(connection, scheme, 1, CashDocument.RECEIPT, "a.b.c", NOW)
    cash_reversals.add_void(connection, ReceiptVoid(scheme, 1, "ani", "wrong member", NOW))
    cash_reversals.add_bounce(connection, RemittanceBounce(scheme, "s", "ani", "returned", NOW))
