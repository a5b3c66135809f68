# SPDX-License-Identifier: Apache-2.0
"""The short way of a payment ends where the long way ends: the same books, the same words; and it gives way where something stands against it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cardservice.clock import monotonic
from cardservice.collection.bank_register import BankSettings
from cardservice.collection.bill_type import BillType
from cardservice.collection.credit import reverse_payment
from cardservice.collection.member_ledger import ledger_of
from cardservice.collection.snap import desk
from cardservice.collection.snap.access_token import token_sha256
from cardservice.collection.snap.cases import Service
from cardservice.collection.snap.short_way import answer_shortly
from cardservice.collection.snap.timestamp import write_timestamp
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import Payer, WorkSector
from cardservice.records import (
    access_tokens,
    audit_events,
    member_account,
    member_months,
    members,
    paid_cells,
    payment_allocations,
    payment_numbers,
    payments,
    snap_requests,
    standing,
)
from cardservice.records.hot_path import postgresql_payments
from cardservice.records.hot_path.payment_store import Claim, Told
from cardservice.records.member_months import MemberMonth
from cardservice.records.member_terms import TermsFrom
from reader_tools.mockbank.bank_client import Reply
from tests.collection.till import ONE_MONTH, PARTNER, Till, give_number
from tests.coverage.rules_2026 import RULES_2026
from tests.records import rows
from tests.verification.world import TODAY, World

# (days since the step before, rupiah, days before now at which the till took the money): parts of months, months ahead, money that comes to be
# known late and takes a month from money that was there.
STEPS = [
    (0, 400, 0),
    (0, 8_000, 1),
    (0, 25_200, 0),
    (20, 1, 0),
    (20, 8_399, 0),
    (1, 50_000, 0),
    (0, 700, 1),
    (40, 9_000, 0),
]


async def go_the_long_way(*_: Any) -> None:
    return None


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the short way said to each request."""
    said: list[Any] = []
    known = answer_shortly

    async def noted(*asked: Any) -> Any:
        said.append(await known(*asked))
        return said[-1]

    monkeypatch.setattr(desk, "answer_shortly", noted)
    return said


@pytest.fixture
def open_till(either_world: World) -> Till:
    """A bank that takes any amount."""
    return Till(either_world, settings=BankSettings("88899", bill_type=BillType.OPEN))


def books(till: Till, number: int, digits: str) -> list[object]:
    """All that the records have of a member, without what only names it."""
    member_id = rows.identifier("member", number)
    with till.world.database.read() as connection:
        paid = payments.of_member(connection, member_id)
        place = {row.payment_id: index for index, (row, _) in enumerate(paid)}
        own = [snap_requests.credited(connection, PARTNER, row.reference) for row, _ in paid]
        events = [each.event for each in audit_events.of_member(connection, member_id) if "payment" in each.event.kind]
        return [
            [replace(row, member_id="", payment_id="", reference="") for row, _ in paid],
            sorted(
                (place[each.payment_id], each.programme, each.month, each.amount)
                for each in payment_allocations.of_member(connection, member_id)
            ),
            member_months.of_member(connection, member_id),
            member_account.of_member(connection, member_id),
            [(each.paid, each.updated_at) for each in standing.of_card(connection, rows.identifier("card", number))],
            [
                (each.response_code, (each.answer or "").replace(digits, "").replace(row.reference, ""))
                for each, (row, _) in zip(own, paid, strict=True)
                if each
            ],
            [
                (each.kind, each.at, {key: value for key, value in each.detail.items() if key != "payment"})
                for each in events
            ],
        ]


def test_both_ways_end_in_the_same_books(open_till: Till, monkeypatch: pytest.MonkeyPatch, ways: list[Any]) -> None:
    till = open_till
    numbers = {}
    with till.world.database.begin() as connection:
        for number in (1, 2):
            bound = rows.activate_card(connection, number)
            history = [
                MemberMonth(programme, ContributionMonth(2026, 9), 5_000, None, rows.NOW)
                for programme in (Programme.JKK, Programme.JKM)
            ]
            member_months.add(connection, bound.member_id, history)
    for number in (1, 2):
        numbers[number] = give_number(till.world.database, number, add_member=False)
    for step, (days, rupiah, earlier) in enumerate(STEPS):
        till.world.clock.time += timedelta(days=days, minutes=1)
        till.bank.get_token()
        taken = write_timestamp(till.world.clock() - timedelta(days=earlier))
        for number, short in ((1, True), (2, False)):
            with monkeypatch.context() as patched:
                if not short:
                    patched.setattr(desk, "answer_shortly", go_the_long_way)
                assert till.inquire(numbers[number], f"{number}-inquiry-{step}").code == "2002400"
                assert till.pay(numbers[number], rupiah, f"{number}-{step:03d}", trxDateTime=taken).code == "2002500"
    assert len(ways) == 2 * len(STEPS)
    assert all(ways)
    assert books(till, 1, numbers[1]) == books(till, 2, numbers[2])


@pytest.mark.parametrize("what", ["standing", "reversed", "ended"])
def test_both_ways_tell_the_same_of_a_payment_to_the_octet(
    open_till: Till, monkeypatch: pytest.MonkeyPatch, ways: list[Any], what: str
) -> None:
    """Service 26: a payment for more than a month, what it buys now that another came before it, taken back, of a number that has ended."""
    till = open_till
    number = give_number(till.world.database, 1)
    for request_id, rupiah in (("pay-1", 20_000), ("pay-2", 5_200)):
        assert till.pay(number, rupiah, request_id).code == "2002500"
    with till.world.database.begin() as connection:
        if what == "reversed":
            first = payments.find(connection, PARTNER, "pay-1")
            assert first is not None
            at = till.world.clock()
            reverse_payment(connection, first, partner_id=PARTNER, reason="error", at=at, rules=RULES_2026)
        elif what == "ended":
            payment_numbers.end(connection, rows.identifier("member", 1), till.world.clock())
    for request_id in ("pay-1", "pay-2"):
        short = till.status(number, request_id)
        assert ways[-1] is not None
        with monkeypatch.context() as patched:
            patched.setattr(desk, "answer_shortly", go_the_long_way)
            assert till.status(number, request_id).body == short.body
        assert short.outcome == ("01" if (what, request_id) == ("reversed", "pay-1") else "00")
    # Of another member's payment, and of none, the long way says what it is.
    other = give_number(till.world.database, 2)
    for asked, request_id in ((other, "pay-1"), (number, "pay-9")):
        assert till.status(asked, request_id).code == "4042601"
        assert ways[-1] is None


def test_sabotage_a_short_way_that_forgets_reversals_tells_otherwise(
    open_till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: reversals are not looked for where the status is told. The comparison above sees it."""
    till = open_till
    number = give_number(till.world.database, 1)
    assert till.pay(number, ONE_MONTH, "pay-1").code == "2002500"
    with till.world.database.begin() as connection:
        first = payments.find(connection, PARTNER, "pay-1")
        assert first is not None
        at = till.world.clock()
        reverse_payment(connection, first, partner_id=PARTNER, reason="error", at=at, rules=RULES_2026)
    forgets = lambda *asked: replace(ledger_of(*asked), reversals=())  # noqa: E731 - a name for an argument
    monkeypatch.setattr("cardservice.collection.snap.short_way.ledger_of", forgets)
    assert till.status(number, "pay-1").outcome == "00"


def test_both_ways_read_the_same(open_till: Till) -> None:
    """Every column of member, payments and months, as the drivers give them and as the tables have them."""
    till = open_till
    changed = TermsFrom(
        ContributionMonth(2026, 11), WorkSector.OTHER, Payer.SELF, 20_000, frozenset({Programme.JKK}), rows.NOW
    )
    member = replace(rows.member(1), terms=(changed,))
    with till.world.database.begin() as connection:
        members.add(connection, member)
        history = [MemberMonth(Programme.JKM, ContributionMonth(2026, 9), 6_800, rows.NOW, rows.NOW)]
        member_months.add(connection, member.member_id, history)
    number = give_number(till.world.database, 1, add_member=False, expires_at=till.world.clock() + timedelta(days=1))
    assert till.pay(number, 100_000, "pay-1").code == "2002500"
    assert till.pay(number, 1, "pay-2").code == "2002500"
    with till.world.database.begin() as connection:
        first = payments.find(connection, PARTNER, "pay-1")
        assert first is not None
        reverse_payment(connection, first, partner_id=PARTNER, reason="error", at=till.world.clock(), rules=RULES_2026)
    opened = till.world.run(till.world.payments.open(number))
    assert opened is not None
    with till.world.database.read() as connection:
        known = payment_numbers.find(connection, number)
        assert known is not None
        assert (opened.shown_name, opened.expires_at) == (known.shown_name, known.expires_at)
        assert opened.member == members.get(connection, member.member_id) == member
        assert opened.payments == payments.of_member(connection, member.member_id)
        months, parts = paid_cells.of_member(connection, member.member_id)
        assert opened.months == months
        assert sorted(opened.parts, key=repr) == sorted(parts, key=repr)
    token = till.world.run(till.world.payments.bank(PARTNER, token_sha256(till.bank.token)))
    with till.world.database.read() as connection:
        assert token == access_tokens.with_bank(connection, PARTNER, token_sha256(till.bank.token))


def test_sabotage_a_short_way_that_forgets_the_card_ends_in_other_books(
    open_till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: card_standing is not written with the payment. The comparison above sees it."""
    till = open_till
    with till.world.database.begin() as connection:
        rows.activate_card(connection, 1)
    number = give_number(till.world.database, 1, add_member=False)
    monkeypatch.setattr("cardservice.records.hot_path.sqlite_payments._SHOW", "SELECT " + ", ".join("?" * 11))
    monkeypatch.setattr(
        postgresql_payments,
        "_WRITE",
        postgresql_payments._WRITE.replace(
            "FROM paid WHERE card_standing.member_id = paid.member_id",
            "FROM paid WHERE card_standing.member_id = 'nobody'",
        ),
    )
    assert till.pay(number, ONE_MONTH).code == "2002500"
    with till.world.database.read() as connection:
        (face,) = standing.of_card(connection, rows.identifier("card", 1))
        assert face.paid.account.owed_from == {}
        assert member_account.of_member(connection, rows.identifier("member", 1)).owed_from != {}


@pytest.mark.parametrize(
    "what", ["external id", "reference", "another member's reference", "amount", "nothing due", "number", "ended"]
)
def test_what_stands_against_it_changes_nothing_and_goes_the_long_way(till: Till, ways: list[Any], what: str) -> None:
    number = give_number(till.world.database, 1)
    other = give_number(till.world.database, 2)
    ended = give_number(till.world.database, 3, expires_at=till.world.clock())
    assert till.pay(number, ONE_MONTH, "first", external_id="1").code == "2002500"
    asked: dict[str, tuple[Any, str]] = {
        "external id": ((other, ONE_MONTH, "second"), "4092500"),
        "reference": ((number, ONE_MONTH, "first"), "4042518"),
        "another member's reference": ((other, ONE_MONTH, "first"), "4042518"),
        "amount": ((other, ONE_MONTH - 1, "second"), "4042513"),
        "nothing due": ((number, ONE_MONTH, "second"), "4042514"),
        "number": (("8800000000000003", ONE_MONTH, "second"), "4042512"),
        "ended": ((ended, ONE_MONTH, "second"), "4042519"),
    }
    arguments, code = asked[what]
    before = till.rows()
    told = till.pay(*arguments, external_id="1" if what == "external id" else "2")
    assert told.code == code
    assert ways[-1] is None
    after = till.rows()
    assert {name for name, size in after.items() if size != before[name]} <= {"snap_requests"}


def two_payments(till: Till, number: str) -> list[Reply]:
    """Two payments of one bill under names of their own, at one moment."""
    served, now = till.desk(), till.world.clock()
    till.bank.get_token()
    requests = [till.asked(number, ONE_MONTH, name, paymentRequestId=f"pay-{name}") for name in ("1", "2")]

    async def send() -> Any:
        return await asyncio.gather(*(served.answer(Service.PAYMENT, asked, now) for asked in requests))

    return list(till.world.run(send()))


def test_two_payments_of_one_bill_at_one_moment(till: Till) -> None:
    told = two_payments(till, give_number(till.world.database, 1))
    assert sorted(answer.code for answer in told) == ["2002500", "4042514"]
    assert till.rows()["payments"] == 1


@pytest.mark.needs("postgresql")
def test_sabotage_without_the_lock_of_the_member_both_are_credited(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotage: the member's row is read and not locked. On PostgreSQL; SQLite has one writer."""
    if not till.world.url.startswith("postgresql"):
        return
    statement = postgresql_payments._CLAIM_AND_LOCK.replace("FOR UPDATE OF members", "")
    monkeypatch.setattr(postgresql_payments, "_CLAIM_AND_LOCK", statement)
    both, take_away = asyncio.Barrier(2), postgresql_payments._take_away

    async def together(*asked: Any) -> None:
        await both.wait()
        await take_away(*asked)

    monkeypatch.setattr(postgresql_payments, "_take_away", together)
    told = two_payments(till, give_number(till.world.database, 1))
    assert [answer.code for answer in told] == ["2002500", "2002500"]


@pytest.mark.needs("postgresql")
def test_who_waited_for_the_member_reads_what_was_committed_meanwhile(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member whose band is raised while a payment waits pays by the new band."""
    if not till.world.url.startswith("postgresql"):
        return
    monkeypatch.setitem(postgresql_payments._SETTINGS, "lock_timeout", "60000")
    number = give_number(till.world.database, 1)
    claim = Claim(PARTNER, TODAY, "7", "25", "pay-7", till.world.clock())
    bands: list[int] = []

    def decide(opened: Any) -> None:
        bands.append(opened.member.income_band)

    async def pay() -> Told | None:
        store = await postgresql_payments.open_postgresql_payments(till.world.url)
        with till.world.database.begin() as connection:
            changed = replace(members.lock(connection, rows.identifier("member", 1)), income_band=20_000)
            members.replace_details(connection, changed)
            waiting = asyncio.create_task(store.credit(claim, number, decide))
            await asyncio.to_thread(_until_somebody_waits, till)
        told = await waiting
        await store.close()
        return told

    assert till.world.run(pay()) is None
    assert bands == [20_000]


def _until_somebody_waits(till: Till) -> None:
    until = monotonic() + 30
    while monotonic() < until:
        with till.world.database.read() as connection:
            if connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one():
                return
    pytest.fail("nobody waits")
