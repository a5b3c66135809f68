# SPDX-License-Identifier: Apache-2.0
"""Rows that are never changed: both databases refuse, whoever asks."""

import pytest
from sqlalchemy import Executable, Table, text
from sqlalchemy.exc import IntegrityError

from cardservice.records import (
    audit_batches,
    audit_events,
    journal,
    payments,
    population_acceptances,
    population_checks,
    taken_packs,
)
from cardservice.records.audit_batches import AuditBatch
from cardservice.records.audit_events import AuditEvent
from cardservice.records.database import Database
from cardservice.records.journal import Phase
from cardservice.records.payments import ReversalRow
from cardservice.records.population_acceptances import Acceptance, SeenDocument
from cardservice.records.population_checks import PopulationAnswer, PopulationState
from cardservice.records.tables import APPEND_ONLY, metadata
from cardservice.records.taken_packs import TakenPack
from tests.records import rows


@pytest.fixture
def filled(database: Database) -> Database:
    """A row in every append-only table."""
    with database.begin() as connection:
        bound = rows.activate_card(connection, 1)
        verifier_id = rows.add_verifier(connection, 1)
        journal.append(
            connection, bound.card_id, order_id=bound.order_id, step="bind", phase=Phase.INTENT, detail={}, at=rows.NOW
        )
        payment = rows.payment(1)
        payments.add(connection, payment)
        payments.reverse(
            connection,
            ReversalRow(payment.member_id, payment.payment_id, payment.partner_id, "asked", rows.NOW, rows.NOW),
        )
        rows.fill_group(connection)
        rows.fill_cash(connection)
        audit_events.append(connection, [AuditEvent("card.bound", rows.NOW, {"n": 1}, bound.card_id)])
        taken_packs.add(connection, [TakenPack(1, "bpu-2026", rows.TODAY, bytes(32), rows.NOW, rows.NOW)])
        heads = audit_events.heads(connection)
        population_checks.open_all(connection, [bound.member_id], rows.NOW)
        population_checks.claim(
            connection, claim_id=rows.identifier("claim", 1), now=rows.NOW, until=rows.LATER, limit=1
        )
        answer = PopulationAnswer(PopulationState.VERIFIED, {}, bytes(16), rows.NOW)
        assert population_checks.settle(connection, bound.member_id, rows.identifier("claim", 1), answer)
        acceptance = Acceptance(bound.member_id, 1, "citra", SeenDocument.FAMILY_CARD, rows.NOW)
        population_acceptances.add(connection, acceptance)
        audit_batches.add(connection, AuditBatch(1, heads, 1, bytes(32), b"{}", bytes(64), "kid", rows.NOW))
        connection.execute(
            metadata.tables["verifications"]
            .insert()
            .values(
                card_id=bound.card_id,
                receipt_id=rows.identifier("receipt", 1),
                verifier_id=verifier_id,
                challenge_id=rows.identifier("challenge", 1),
                outcome="covered",
                programme="JKK",
                as_of=rows.TODAY,
                leaf=bytes(32),
                at=rows.NOW,
            )
        )
    return database


def changes_of(table: Table) -> list[Executable]:
    column = next(column for column in table.columns if not column.primary_key)
    return [table.update().values({column: column}), table.delete(), text(f"TRUNCATE {table.name} CASCADE")]


@pytest.mark.parametrize("name", APPEND_ONLY)
def test_no_row_is_changed_or_deleted(filled: Database, name: str) -> None:
    table = metadata.tables[name]
    is_sqlite = filled.engine.dialect.name == "sqlite"  # which has no TRUNCATE
    for change in changes_of(table)[: 2 if is_sqlite else 3]:
        with pytest.raises(IntegrityError, match="append-only"), filled.begin() as connection:
            connection.execute(change)
    with filled.read() as connection:
        assert connection.execute(table.select()).first() is not None


@pytest.mark.parametrize("name", APPEND_ONLY)
def test_sabotage_without_the_triggers_rows_go(filled: Database, name: str) -> None:
    """Sabotage: drop the triggers, those of rows that hold on to it too."""
    table = metadata.tables[name]
    holding = [each.name for each in reversed(holding_on(table))]
    with filled.begin() as connection:
        for each in (*holding, name):
            if filled.engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"ALTER TABLE {each} DISABLE TRIGGER USER")
            else:
                connection.exec_driver_sql(f"DROP TRIGGER {each}_no_delete")
            connection.execute(metadata.tables[each].delete())
        assert connection.execute(table.select()).first() is None


def holding_on(table: Table) -> list[Table]:
    """The append-only tables with rows that refer to this one's, by however many steps; each after those that it refers to."""
    found = [table]
    for other in metadata.sorted_tables:
        if other.name in APPEND_ONLY and other is not table:
            found += [other] if any(each.referred_table in found for each in other.foreign_key_constraints) else []
    return found[1:]
