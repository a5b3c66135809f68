# SPDX-License-Identifier: Apache-2.0
"""End of day: what a partner's statement and our payments differ in is told, each difference until somebody resolves it; on both databases."""

import random
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.collection import reconcile as reconcile_module
from cardservice.collection.credit import credit_payment, reverse_payment
from cardservice.collection.errors import StatementConflict, StatementUnreadable
from cardservice.collection.reconcile import Reconciled, reconcile, resolve
from cardservice.collection.statement import read_statement
from cardservice.coverage.civil_time import day_begins
from cardservice.records import members, payments, reconciliations
from cardservice.records.database import Database
from cardservice.records.errors import RecordNotFound, StateConflict
from cardservice.records.reconciliations import Difference
from tests.coverage.rules_2026 import RULES_2026
from tests.records import rows

DAY = date(2026, 11, 23)
HEAD = "reference,amount,status\n"


@pytest.fixture
def paid(database: Database) -> Database:
    """Five payments of 8,400 on the day: pay-1 to pay-5; pay-5 was reversed. pay-6 is of the day before."""
    with database.begin() as connection:
        for number in range(1, 7):
            members.add(connection, rows.member(number))
            credit_payment(connection, rows.payment(number), rules=RULES_2026)
        fifth = payments.find(connection, "BCA", "pay-5")
        assert fifth is not None
        reverse_payment(connection, fifth, partner_id="BCA", reason="error", at=rows.LATER, rules=RULES_2026)
    return database


def take_in(database: Database, lines: str, day: date = DAY) -> Reconciled:
    statement = read_statement((HEAD + lines).encode())
    new_id = lambda: random.randbytes(16).hex()  # noqa: E731 - a name for an argument
    return reconcile(database, statement, partner_id="BCA", day=day, new_id=new_id, at=rows.LATER)


GOOD = "".join(f"pay-{number},8400,PAID\n" for number in (1, 2, 3, 4, 6)) + "pay-5,8400,REVERSED\n"


def test_no_difference(paid: Database) -> None:
    done = take_in(paid, GOOD)
    assert done.differences == ()
    assert (done.statement.lines, done.statement.rupiah, done.again) == (6, 42_000, False)


def test_what_both_gave_up_may_be_left_out(paid: Database) -> None:
    assert take_in(paid, GOOD.replace("pay-5,8400,REVERSED\n", "other,5,REVERSED\n")).differences == ()


@pytest.mark.parametrize(
    ("lines", "kind", "reference", "theirs", "ours"),
    [
        (GOOD + "pay-9,5000,PAID\n", Difference.MISSING_AT_US, "pay-9", 5_000, None),
        (GOOD.replace("pay-2,8400,PAID\n", ""), Difference.MISSING_AT_PARTNER, "pay-2", None, 8_400),
        (GOOD.replace("pay-3,8400", "pay-3,8401"), Difference.AMOUNT_DIFFERS, "pay-3", 8_401, 8_400),
        (GOOD + "pay-4,8400,PAID\n", Difference.TWICE, "pay-4", 16_800, 8_400),
        (GOOD.replace("REVERSED", "PAID"), Difference.REVERSED, "pay-5", 8_400, 8_400),
        (GOOD.replace("pay-1,8400,PAID", "pay-1,8400,REVERSED"), Difference.REVERSED, "pay-1", 8_400, 8_400),
    ],
)
def test_each_kind_of_difference(
    paid: Database, lines: str, kind: Difference, reference: str, theirs: int | None, ours: int | None
) -> None:
    (only,) = take_in(paid, lines).differences
    assert (only.kind, only.reference, only.theirs, only.ours) == (kind, reference, theirs, ours)
    assert only.resolved_at is None


def test_a_reference_may_differ_in_several_ways(paid: Database) -> None:
    found = take_in(paid, GOOD.replace("pay-1,8400,PAID\n", "pay-1,1,REVERSED\npay-1,1,REVERSED\n")).differences
    assert {each.kind for each in found} == {Difference.TWICE, Difference.REVERSED, Difference.AMOUNT_DIFFERS}


def test_the_same_file_again_changes_nothing_and_another_is_refused(paid: Database) -> None:
    first = take_in(paid, GOOD + "pay-9,5000,PAID\n")
    again = take_in(paid, GOOD + "pay-9,5000,PAID\n")
    assert again.again
    assert again.differences == first.differences
    with pytest.raises(StatementConflict):
        take_in(paid, GOOD)


def test_taken_in_by_two_at_one_moment_it_is_taken_in_once(paid: Database) -> None:
    barrier, found = Barrier(2), []

    def work() -> None:
        barrier.wait()
        found.append(take_in(paid, GOOD + "pay-9,5000,PAID\n"))

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0].differences == found[1].differences
    with paid.read() as connection:
        assert len(reconciliations.open_differences(connection)) == 1


def test_a_payment_belongs_to_its_day_in_jakarta(paid: Database) -> None:
    """pay-1 to pay-6 were taken on the 23rd; nothing was on the 22nd, so a statement of that day without them is complete."""
    assert take_in(paid, "", DAY - timedelta(days=1)).differences == ()
    assert len(take_in(paid, "").differences) == 5


def test_another_days_file_is_all_differences(paid: Database) -> None:
    """Yesterday's statement, or tomorrow's, sent as today's: nothing in it passes because we know it from another day."""
    for day in (DAY - timedelta(days=1), DAY + timedelta(days=1), DAY - timedelta(days=40)):
        found = take_in(paid, GOOD, day).differences
        assert [(each.kind, each.theirs, each.ours) for each in found] == [(Difference.MISSING_AT_US, 8_400, None)] * 5


@pytest.mark.parametrize(
    ("hour", "minute", "kinds"),
    [(23, 0, []), (22, 59, [Difference.MISSING_AT_US]), (0, 59, []), (1, 0, [Difference.MISSING_AT_US])],
)
def test_an_hour_on_the_other_side_of_midnight_is_the_clocks(
    database: Database, hour: int, minute: int, kinds: list[Difference]
) -> None:
    """In the evening of the 22nd, or in the night of the 24th."""
    of = DAY - timedelta(days=1) if hour > 12 else DAY + timedelta(days=1)
    taken = day_begins(of) + timedelta(hours=hour, minutes=minute)
    with database.begin() as connection:
        members.add(connection, rows.member(1))
        row = replace(rows.payment(1), received_at=taken, recorded_at=taken)
        credit_payment(connection, row, rules=RULES_2026)
    assert [each.kind for each in take_in(database, "pay-1,8400,PAID\n").differences] == kinds


def test_sabotage_where_any_day_is_ours_a_payment_passes_in_two_statements(
    paid: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: what a statement names is looked for in all of time."""
    assert take_in(paid, GOOD).differences == ()
    monkeypatch.setattr(reconcile_module, "MIDNIGHT", timedelta(days=10_000))
    assert take_in(paid, GOOD, DAY + timedelta(days=1)).differences == ()


@pytest.mark.parametrize("cut", [2, 9, 25, 36])
def test_a_truncated_file_is_refused_or_tells_what_it_lacks(paid: Database, cut: int) -> None:
    try:
        assert take_in(paid, GOOD[:-cut]).differences
    except StatementUnreadable as no:
        assert no.evidence["line"] in {6, 7}  # noqa: PT017 - either way is good


def test_mark_of_byte_order_and_line_ends_of_windows_change_nothing() -> None:
    octets = b"\xef\xbb\xbf" + (HEAD + GOOD).replace("\n", "\r\n").encode()
    assert read_statement(octets).lines == read_statement((HEAD + GOOD).encode()).lines


def test_a_difference_stays_until_a_person_resolves_it(paid: Database) -> None:
    (only,) = take_in(paid, GOOD + "pay-9,5000,PAID\n").differences
    resolved = resolve(paid, only.difference_id, by="ani", note="sent again", at=rows.LATER)
    assert (resolved.resolved_by, resolved.note) == ("ani", "sent again")
    with paid.read() as connection:
        assert reconciliations.open_differences(connection) == ()
    with pytest.raises(StateConflict):
        resolve(paid, only.difference_id, by="budi", note="again", at=rows.LATER)
    with pytest.raises(RecordNotFound):
        resolve(paid, "0" * 32, by="budi", note="again", at=rows.LATER)
    assert take_in(paid, GOOD + "pay-9,5000,PAID\n").differences == (resolved,)


@pytest.mark.parametrize(
    ("octets", "line", "field"),
    [
        (b"", 1, "-"),
        (b"reference,amount\n", 1, "-"),
        (b"reference,amount,status\nx,1\n", 2, "-"),
        (b"reference,amount,status\nx,1,PAID,\n", 2, "-"),
        (b"reference,amount,status\n\nx,1.00,PAID\n", 3, "amount"),
        (b"reference,amount,status\nx,-1,PAID\n", 2, "amount"),
        (b"reference,amount,status\nx,0,PAID\n", 2, "amount"),
        (b"reference,amount,status\nx,\xc2\xb2,PAID\n", 2, "amount"),
        (b"reference,amount,status\n,1,PAID\n", 2, "reference"),
        (b"reference,amount,status\nx,1,paid\n", 2, "status"),
        (b'reference,amount,status\n"x,1,PAID\n', 2, "-"),
        (b"reference,amount,status\nx,1,PAID\n\xff\n", 3, "-"),
    ],
)
def test_a_file_that_is_half_understood_is_refused_whole(octets: bytes, line: int, field: str) -> None:
    with pytest.raises(StatementUnreadable) as refused:
        read_statement(octets)
    assert (refused.value.evidence["line"], refused.value.evidence["field"]) == (line, field)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (HEAD + text).encode("utf-8", "surrogatepass")))
def test_any_octets_are_a_statement_or_unreadable(octets: bytes) -> None:
    try:
        assert len(read_statement(octets).sha256) == 32
    except StatementUnreadable as no:
        assert set(no.evidence) == {"line", "field", "rule"}  # noqa: PT017 - either way is good
