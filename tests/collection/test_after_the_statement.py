# SPDX-License-Identifier: Apache-2.0
"""What changes after a day's statement was taken in is told too: a payment taken back, a payment that we learn of late; on both databases."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from cardservice.clock import monotonic
from cardservice.collection import credit, credit_together
from cardservice.collection.credit import credit_payment, reverse_payment
from cardservice.collection.credit_together import reverse_together
from cardservice.coverage.civil_time import day_begins
from cardservice.records import members, payments, ppob_partners, reconciliations
from cardservice.records.database import Database
from cardservice.records.payments import Channel
from cardservice.records.ppob_partners import PpobPartner
from cardservice.records.reconciliations import Difference, DifferenceRow, Statement
from tests.collection.test_reconcile import DAY, GOOD, paid, take_in
from tests.coverage.rules_2026 import RULES_2026
from tests.records import rows

__all__ = ["paid"]
NEXT = DAY + timedelta(days=1)


def take_back(database: Database, reference: str) -> None:
    with database.begin() as connection:
        payment = payments.find(connection, "BCA", reference)
        assert payment is not None
        at = rows.LATER + timedelta(days=1)
        reverse_payment(connection, payment, partner_id="BCA", reason="error", at=at, rules=RULES_2026)


def still_open(database: Database) -> list[tuple[Difference, str, int | None, int | None]]:
    with database.read() as connection:
        found: tuple[DifferenceRow, ...] = reconciliations.open_differences(connection)
    return [(each.kind, each.reference, each.theirs, each.ours) for each in found]


def test_a_payment_taken_back_after_its_statement_is_a_difference(paid: Database) -> None:
    assert take_in(paid, GOOD).differences == ()
    take_back(paid, "pay-2")
    assert still_open(paid) == [(Difference.REVERSED, "pay-2", 8_400, 8_400)]
    assert len(take_in(paid, GOOD).differences) == 1


def test_sabotage_untold_the_books_part_in_silence(paid: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotage: a reversal does not look for the statement."""
    monkeypatch.setattr(credit, "tell_late_reversal", lambda *_: None)
    take_in(paid, GOOD)
    take_back(paid, "pay-2")
    assert still_open(paid) == []


def take_back_together(database: Database, *references: str) -> None:
    with database.begin() as connection:
        found = [payments.find(connection, "BCA", each) for each in references]
        standing = [each for each in found if each is not None]
        assert len(standing) == len(references)
        at = rows.LATER + timedelta(days=1)
        reverse_together(connection, standing, partner_id="BCA", reason="error", at=at, rules=RULES_2026)


def test_of_payments_taken_back_together_each_is_told(paid: Database) -> None:
    take_in(paid, GOOD)
    take_back_together(paid, "pay-1", "pay-2")
    assert still_open(paid) == [(Difference.REVERSED, f"pay-{each}", 8_400, 8_400) for each in (1, 2)]


def test_sabotage_untold_a_list_taken_back_together_parts_the_books_in_silence(
    paid: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: a list's reversals do not look for the statement."""
    monkeypatch.setattr(credit_together, "tell_late_reversal", lambda *_: None)
    take_in(paid, GOOD)
    take_back_together(paid, "pay-1", "pay-2")
    assert still_open(paid) == []


def test_their_side_is_what_the_statement_said(paid: Database) -> None:
    take_in(paid, GOOD.replace("pay-3,8400", "pay-3,8401"))
    take_back(paid, "pay-3")
    assert set(still_open(paid)) == {
        (Difference.AMOUNT_DIFFERS, "pay-3", 8_401, 8_400),
        (Difference.REVERSED, "pay-3", 8_401, 8_400),
    }


@pytest.mark.parametrize(
    "lines", [GOOD.replace("pay-2,8400,PAID\n", ""), GOOD.replace("pay-2,8400,PAID", "pay-2,8400,REVERSED")]
)
def test_what_brings_both_to_agree_is_no_further_difference(paid: Database, lines: str) -> None:
    """The statement lacks it, or has it as reversed: taking it back is what the difference asks for."""
    before = len(take_in(paid, lines).differences)
    take_back(paid, "pay-2")
    assert len(still_open(paid)) == before == 1


def test_before_the_statement_it_is_left_to_the_statement(paid: Database) -> None:
    take_back(paid, "pay-2")
    assert still_open(paid) == []
    assert [each.reference for each in take_in(paid, GOOD).differences] == ["pay-2"]


def test_a_statement_that_names_more_than_one_question_holds(paid: Database) -> None:
    """Two thousand references that nobody knows, and one of ours beyond midnight among them."""
    with paid.begin() as connection:
        members.add(connection, rows.member(9))
        taken_at = day_begins(NEXT) + timedelta(minutes=30)
        credit_payment(
            connection, replace(rows.payment(9), received_at=taken_at, recorded_at=taken_at), rules=RULES_2026
        )
    more = "".join(f"no-{number},1,PAID\n" for number in range(2_000)) + "pay-9,8400,PAID\n"
    take_in(paid, GOOD + more)
    assert {kind for kind, *_ in still_open(paid)} == {Difference.MISSING_AT_US}
    assert len(still_open(paid)) == 2_000


def test_what_no_statement_settles_asks_for_none(paid: Database) -> None:
    """An agent's receipt has no statement of a bank, even under the same name."""
    take_in(paid, GOOD)
    with paid.begin() as connection:
        row = replace(rows.payment(1), payment_id="c" * 32, reference="cash", channel=Channel.AGENT)
        credit_payment(connection, row, rules=RULES_2026)
        reverse_payment(connection, row, partner_id="BCA", reason="error", at=rows.LATER, rules=RULES_2026)
    assert still_open(paid) == []


def _late(database: Database) -> None:
    """Taken on the 23rd, told to us on the 24th in the morning."""
    with database.begin() as connection:
        members.add(connection, rows.member(9))
        told_at = day_begins(NEXT) + timedelta(hours=9)
        taken_at = day_begins(DAY) + timedelta(hours=15)
        credit_payment(
            connection, replace(rows.payment(9), received_at=taken_at, recorded_at=told_at), rules=RULES_2026
        )


@pytest.mark.parametrize(
    ("first", "second", "kinds"),
    [
        ("", "", [Difference.MISSING_AT_PARTNER]),
        ("", "pay-9,8400,PAID\n", []),
        ("pay-9,8400,PAID\n", "", [Difference.MISSING_AT_US]),  # of the 23rd; sent again, as that difference asks for
    ],
)
def test_a_payment_that_we_learn_of_late_is_in_one_statement(
    paid: Database, first: str, second: str, kinds: list[Difference]
) -> None:
    take_in(paid, GOOD + first)
    _late(paid)
    take_in(paid, second, NEXT)
    assert [kind for kind, *_ in still_open(paid)] == kinds


def _while_a_statement_is_compared(database: Database) -> None:
    """Somebody reverses when a statement was compared and is not committed yet; it is committed when the reversal waits, or is over."""
    with database.begin() as connection:
        reconciliations.hold(connection, "BCA")
        reconciliations.take_in(connection, Statement("BCA", DAY, bytes(32), 6, 42_000, rows.LATER), [])
        reversal = Thread(target=take_back, args=(database, "pay-2"))
        reversal.start()
        until = monotonic() + 30
        while reversal.is_alive() and monotonic() < until and not _somebody_waits(database):
            pass
    reversal.join()


def _somebody_waits(database: Database) -> bool:
    with database.read() as connection:
        return bool(connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one())


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("held", [True, False])
def test_a_reversal_and_a_statement_at_one_moment_see_each_other(
    paid: Database, monkeypatch: pytest.MonkeyPatch, *, held: bool
) -> None:
    """On PostgreSQL; SQLite has one writer. Sabotage: nobody holds the partner, and the difference is told by neither."""
    if paid.engine.dialect.name != "postgresql":
        return
    with paid.begin() as connection:
        ppob_partners.add(connection, PpobPartner("BCA", "Bank", bytes(32), "C", rows.NOW))
    if not held:
        monkeypatch.setattr(reconciliations, "hold", lambda *_: None)
    _while_a_statement_is_compared(paid)
    told = [(Difference.REVERSED, "pay-2", 8_400, 8_400)]
    assert still_open(paid) == (told if held else [])
