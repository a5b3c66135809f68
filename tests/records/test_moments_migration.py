# SPDX-License-Identifier: Apache-2.0
"""Days of payment that were kept before become moments, and go back to the same days, on both databases."""

from alembic import command
from sqlalchemy import text

from cardservice.coverage.civil_time import day_ends
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.records import member_months, schema, standing
from cardservice.records.database import Database
from cardservice.records.member_months import MemberMonth
from tests.records import rows

PAID_ON = rows.TODAY
MONTHS = [
    MemberMonth(Programme.JKK, ContributionMonth(2026, 1), 10_000, None, rows.NOW),
    MemberMonth(Programme.JKK, ContributionMonth(2026, 2), 10_000, day_ends(PAID_ON), rows.LATER),
]


def test_a_day_becomes_its_last_moment_and_is_the_same_day_again(database: Database) -> None:
    with database.begin() as connection:
        bound = rows.activate_card(connection, 1)
        member_months.add(connection, bound.member_id, MONTHS)
        command.downgrade(schema._config(connection), "0003")
        kept = connection.execute(text("SELECT month, paid_on FROM member_months ORDER BY month")).all()
        assert [(month, day and str(day)) for month, day in kept] == [(202601, None), (202602, str(PAID_ON))]
        spans = '{"JKK":[[202601,202601,null],[202602,202602,"%s"]]}' % PAID_ON  # noqa: UP031 - braces of JSON
        connection.execute(text("UPDATE card_standing SET paid_spans = :spans"), {"spans": spans})
        command.upgrade(schema._config(connection), "head")
        first, second = member_months.of_member(connection, bound.member_id)
        face = standing.get(connection, bound.card_id, 1)
    assert (first.received_at, second.received_at) == (None, day_ends(PAID_ON))
    # When we came to know was not kept: not before the member, nor before the money.
    assert (first.recorded_at, second.recorded_at) == (rows.NOW, day_ends(PAID_ON))
    assert [span.arrived_at for span in face.paid.paid[Programme.JKK].spans] == [None, day_ends(PAID_ON)]
    assert (face.paid.account.credit, face.paid.account.owed_from) == (0, {})
