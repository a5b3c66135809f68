# SPDX-License-Identifier: Apache-2.0
"""The trail on both databases: what is recorded holds, and whatever is edited afterwards is found at its place."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cardservice.audit.errors import NothingToSeal
from cardservice.audit.prove_event import prove_event
from cardservice.audit.record import record
from cardservice.audit.seal_batch import seal_batch
from cardservice.audit.verify_chain import ChainReport, ChainRule, verify_chain
from cardservice.records import audit_events
from cardservice.records.audit_events import AuditEvent, AuditPosition
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from tests.audit.signer import SoftwareSigner

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
CARD = "0123456789abcdef0123456789abcde5"  # chain 5


def event(number: int, card_id: str | None = CARD) -> AuditEvent:
    return AuditEvent("card.seen", NOW + timedelta(seconds=number), {"n": number}, card_id=card_id)


def report(database: Database) -> ChainReport:
    with database.read() as connection:
        return verify_chain(connection)


@pytest.fixture
def recorded(database: Database) -> Database:
    with database.begin() as connection:
        record(connection, *(event(number) for number in range(1, 6)), event(6, None))
    return database


def edit(database: Database, statement: str, **values: object) -> None:
    """Somebody who owns the database: triggers are no obstacle to them."""
    with database.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
        else:
            for (name,) in connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'")
            ).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text(statement), values)


def test_what_was_recorded_holds_and_has_its_places(recorded: Database) -> None:
    found = report(recorded)
    assert found
    assert found.events == 6
    with recorded.read() as connection:
        kept = list(audit_events.stream(connection, 5))
        assert [each.event for each in kept] == [event(number) for number in range(1, 6)]
        assert audit_events.of_card(connection, CARD) == tuple(kept)


def test_an_empty_trail_holds(database: Database) -> None:
    found = report(database)
    assert found
    assert found.events == 0


EDITS: dict[str, tuple[str, set[ChainRule]]] = {
    "detail": ("UPDATE audit_events SET detail = '[]' WHERE chain = 5 AND seq = 3", {ChainRule.EVENT_EDITED}),
    "kind": ("UPDATE audit_events SET kind = 'card.lost' WHERE chain = 5 AND seq = 3", {ChainRule.EVENT_EDITED}),
    "card": ("UPDATE audit_events SET card_id = NULL WHERE chain = 5 AND seq = 3", {ChainRule.EVENT_EDITED}),
    "taken out": (
        "DELETE FROM audit_events WHERE chain = 5 AND seq = 3",
        {ChainRule.EVENT_MISSING, ChainRule.LINK_BROKEN},
    ),
    "cut short": ("DELETE FROM audit_events WHERE chain = 5 AND seq = 5", {ChainRule.HEAD_DIFFERS}),
    "head": ("UPDATE audit_events SET head = leaf WHERE chain = 5 AND seq = 3", {ChainRule.LINK_BROKEN}),
    "counter": ("UPDATE audit_chains SET seq = 9 WHERE chain = 5", {ChainRule.HEAD_DIFFERS}),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_found_at_its_place(recorded: Database, name: str) -> None:
    statement, rules = EDITS[name]
    edit(recorded, statement)
    found = report(recorded)
    assert not found
    assert {fault.rule for fault in found.faults} == rules
    assert {fault.position.chain for fault in found.faults} == {5}


@pytest.mark.parametrize("change", ["UPDATE audit_events SET kind = 'x'", "DELETE FROM audit_events"])
def test_the_database_itself_refuses_edits(recorded: Database, change: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), recorded.begin() as connection:
        connection.execute(text(change))
    assert report(recorded)


def test_events_of_a_transaction_that_fails_were_never_there(recorded: Database) -> None:
    def fail_after_recording() -> None:
        with recorded.begin() as connection:
            record(connection, event(7))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_recording()
    found = report(recorded)
    assert found
    assert found.events == 6


def test_many_writers_leave_one_trail_without_gaps(database: Database) -> None:
    def write(writer: int) -> None:
        for number in range(8):
            with database.begin() as connection:
                # Two chains in each transaction, named in opposite orders: they must not wait for each other in a circle.
                pair = [event(number, f"{writer:031x}1"), event(number, f"{writer:031x}2")]
                record(connection, *(pair if writer % 2 else pair[::-1]))

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    found = report(database)
    assert found
    assert found.events == 6 * 8 * 2


def test_a_batch_is_signed_and_every_event_in_it_has_a_proof(recorded: Database) -> None:
    signer = SoftwareSigner()
    with recorded.begin() as connection:
        first = seal_batch(connection, signer, NOW)
        record(connection, event(8), event(9, "0" * 31 + "f"))
        second = seal_batch(connection, signer, NOW)
        assert (first.batch, first.tree_size, second.batch, second.tree_size) == (1, 7, 2, 3)
        for batch in (first, second):
            signer.verify(batch.signature, batch.document)
            assert batch.document.endswith(batch.root)
            assert batch.kid == signer.verifying_key.kid
        positions = [kept.position for chain in (0, 5, 15) for kept in audit_events.stream(connection, chain)]
        for position in positions:
            proof = prove_event(connection, position)
            assert proof is not None
            assert proof.holds
            assert proof.leaf == next(audit_events.stream(connection, position.chain, position.seq - 1)).leaf
    assert len(positions) == 8


def test_nothing_new_is_nothing_to_seal(database: Database) -> None:
    signer = SoftwareSigner()
    with database.begin() as connection:
        with pytest.raises(NothingToSeal):
            seal_batch(connection, signer, NOW)
        record(connection, event(1))
        seal_batch(connection, signer, NOW)
        with pytest.raises(NothingToSeal):
            seal_batch(connection, signer, NOW)


def test_an_event_after_the_last_seal_has_no_proof_yet(recorded: Database) -> None:
    with recorded.begin() as connection:
        seal_batch(connection, SoftwareSigner(), NOW)
        record(connection, event(10))
        assert prove_event(connection, AuditPosition(5, 6)) is None


def rewrite(connection: Connection, first: int, make: Callable[[AuditEvent], AuditEvent]) -> None:
    """Write chain 5 anew from ``first`` on, with hashes that fit: what an owner of the database can do."""
    kept = list(audit_events.stream(connection, 5))
    before = kept[first - 2].head if first > 1 else bytes(32)
    connection.execute(text("DELETE FROM audit_events WHERE chain = 5 AND seq >= :first"), {"first": first})
    connection.execute(
        text("UPDATE audit_chains SET seq = :seq, head = :head WHERE chain = 5"), {"seq": first - 1, "head": before}
    )
    audit_events.append(connection, [make(each.event) for each in kept[first - 1 :]])


def test_a_trail_rewritten_with_fitting_hashes_is_found_by_what_was_sealed(recorded: Database) -> None:
    with recorded.begin() as connection:
        seal_batch(connection, SoftwareSigner(), NOW)
    edit(recorded, "UPDATE audit_events SET kind = kind WHERE seq = 0")
    with recorded.begin() as connection:
        rewrite(connection, 4, lambda old: AuditEvent("card.lost", old.at, old.detail, old.card_id))
    found = report(recorded)
    assert [(fault.position, fault.rule) for fault in found.faults] == [(AuditPosition(5, 5), ChainRule.SEALED_DIFFERS)]


def test_sabotage_without_a_seal_the_same_rewriting_goes_unseen(recorded: Database) -> None:
    edit(recorded, "UPDATE audit_events SET kind = kind WHERE seq = 0")
    with recorded.begin() as connection:
        rewrite(connection, 4, lambda old: AuditEvent("card.lost", old.at, old.detail, old.card_id))
    assert report(recorded)


def test_a_signature_over_another_root_does_not_verify(recorded: Database) -> None:
    signer = SoftwareSigner()
    with recorded.begin() as connection:
        batch = seal_batch(connection, signer, NOW)
    other = batch.document[:-1] + bytes([batch.document[-1] ^ 1])
    with pytest.raises(AssertionError):
        signer.verify(batch.signature, other)
    assert isinstance(signer.key.curve, ec.SECP256R1)
