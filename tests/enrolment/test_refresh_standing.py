# SPDX-License-Identifier: Apache-2.0
"""card_standing follows what was paid: in the same transaction, on every face of every card of the member, and of no other."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from cardservice.clock import monotonic
from cardservice.coverage.civil_time import day_begins
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.enrolment import write_rows as importing
from cardservice.enrolment.import_members import import_rows
from cardservice.enrolment.refresh_standing import paid_record, refresh_standing
from cardservice.records import member_account, member_months, standing
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import RecordNotFound
from cardservice.records.member_account import MemberAccount
from cardservice.records.member_months import MemberMonth
from hsm.in_process import InProcessKeys
from tests.coverage.rules_2026 import RULES_2026, coverage, decide
from tests.enrolment.rows import GOOD, read
from tests.records.rows import activate_card, identifier, standing_of

AT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)


def paid(*months: str, at: datetime | None = None) -> list[MemberMonth]:
    return [
        MemberMonth(programme, ContributionMonth.parse(month), 5_000, at, AT)
        for programme in (Programme.JKK, Programme.JKM)
        for month in months
    ]


def test_every_face_of_the_member_follows_and_no_other(database: Database) -> None:
    with database.begin() as connection:
        bound = activate_card(connection, 1)
        standing.add(connection, standing_of(101, bound.card_id, 1, sector=0x70))
        stranger = activate_card(connection, 2)
        untouched = standing.of_card(connection, stranger.card_id)
        member_months.add(connection, bound.member_id, paid("2026-03", "2026-04"))
        assert refresh_standing(connection, bound.member_id, AT) == 2
        faces = standing.of_card(connection, bound.card_id)
        assert standing.of_card(connection, stranger.card_id) == untouched
    assert [face.paid.paid_through(Programme.JKK) for face in faces] == [202604, 202604]
    assert all(face.updated_at == AT for face in faces)
    assert all(face.paid == faces[0].paid for face in faces)


def test_what_is_copied_decides_like_the_ledger(database: Database) -> None:
    with database.begin() as connection:
        bound = activate_card(connection, 1)
        member_months.add(connection, bound.member_id, paid("2026-01", "2026-02"))
        member_months.add(connection, bound.member_id, paid("2026-08", "2026-09", at=day_begins(date(2026, 9, 10))))
        refresh_standing(connection, bound.member_id, AT)
        ledger = paid_record(connection, bound.member_id)
        copied = standing.get(connection, bound.card_id, 1).paid
    assert copied == ledger
    for day in (date(2026, 5, 31), date(2026, 6, 1), date(2026, 9, 9), date(2026, 9, 10), date(2026, 12, 31)):
        covered = bool(decide(copied.for_coverage(), Programme.JKK, day, now=AT))
        assert covered == (day not in {date(2026, 6, 1), date(2026, 9, 9)})


def test_a_cure_costs_what_the_member_s_band_costs(sqlite_database: Database) -> None:
    with sqlite_database.begin() as connection:
        bound = activate_card(connection, 1)
        member_months.add(connection, bound.member_id, paid("2026-05"))
        refresh_standing(connection, bound.member_id, AT)
        decision = coverage(standing.get(connection, bound.card_id, 1).paid.for_coverage(), Programme.JKK, AT)
    assert not decision
    assert decision.cure is not None
    # June to November, transport: JKK 5,000 and JKM 3,400 a month.
    assert decision.cure.amount_rupiah == 6 * 8_400


def test_credit_of_the_ledger_reaches_every_card_and_makes_the_cure_cheaper(database: Database) -> None:
    owed_from = dict.fromkeys((Programme.JKK, Programme.JKM), ContributionMonth(2026, 5))
    with database.begin() as connection:
        bound = activate_card(connection, 1)
        member_months.add(connection, bound.member_id, paid("2026-05"))
        member_account.keep(connection, bound.member_id, MemberAccount(8_000, owed_from))
        refresh_standing(connection, bound.member_id, AT)
        copied = standing.get(connection, bound.card_id, 1).paid
    decision = coverage(copied.for_coverage(), Programme.JKK, AT)
    assert decision.cure is not None
    assert (decision.cure.amount_rupiah, decision.cure.credit_rupiah) == (6 * 8_400 - 8_000, 8_000)


def test_an_unknown_member_is_told(sqlite_database: Database) -> None:
    with sqlite_database.begin() as connection, pytest.raises(RecordNotFound):
        refresh_standing(connection, identifier("member", 99), AT)


def bring_months(connection: Connection, keys: InProcessKeys, months: str) -> None:
    report = import_rows(
        connection,
        read({**GOOD, "ref": "P-0777", "months": months}).rows,
        sealer=keys.sealer,
        blind_index=keys.blind_index,
        new_id=lambda: identifier("member", 7),
        at=AT,
        rules=RULES_2026,
    )
    assert not report.problems


def last_paid_after_import(connection: Connection) -> int | None:
    """Enrol by list, issue a card, then bring November by list."""
    keys = InProcessKeys.with_new_keys(clock=lambda: AT, monotonic=monotonic, randomness=os.urandom)
    bring_months(connection, keys, "2026-01")
    bound = activate_card(connection, 1)
    face = standing_of(7, bound.card_id, 7, sector=0x10)
    standing.add(connection, replace(face, paid=paid_record(connection, identifier("member", 7))))
    bring_months(connection, keys, "2026-01..2026-11")
    return standing.get(connection, bound.card_id, 0x10).paid.paid_through(Programme.JKK)


def test_an_import_of_months_reaches_the_card_in_the_same_transaction(database: Database) -> None:
    with database.begin() as connection:
        assert last_paid_after_import(connection) == 202611


def test_sabotage_an_import_that_forgets_the_copy_leaves_the_card_behind(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "refresh_standing", lambda *_: 0)
    with sqlite_database.begin() as connection:
        assert last_paid_after_import(connection) == 202601
