# SPDX-License-Identifier: Apache-2.0
"""Signed batches: they stand over what was sealed, and fall with any change to it, by name."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from cardservice.audit import verify_batches as module
from cardservice.audit.errors import SealConflict
from cardservice.audit.record import record
from cardservice.audit.seal_batch import seal_batch
from cardservice.audit.verify_batches import BatchFault, BatchRule, verify_batches
from cardservice.keys import VerifyingKey
from cardservice.records import audit_batches
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from tests.audit.signer import SoftwareSigner

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
CARDS = ["0" * 31 + digit for digit in "15f"]


@pytest.fixture(scope="module")
def signer() -> SoftwareSigner:
    return SoftwareSigner()


@pytest.fixture
def sealed(database: Database, signer: SoftwareSigner) -> Database:
    """Two batches of three events each."""
    for day in range(2):
        with database.begin() as connection:
            at = NOW + timedelta(days=day)
            record(connection, *(AuditEvent("card.seen", at, {"day": day}, card_id=card) for card in CARDS))
            seal_batch(connection, signer, NOW)
    return database


def disarm(connection: Connection) -> None:
    """Somebody who owns the database takes the triggers away."""
    for table in ("audit_events", "audit_batches"):
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            continue
        named = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
        for name in connection.scalars(named, {"table": table}).all():
            connection.execute(text(f"DROP TRIGGER {name}"))


def test_batches_stand_over_what_was_sealed(sealed: Database, signer: SoftwareSigner) -> None:
    with sealed.begin() as connection:
        record(connection, AuditEvent("card.seen", NOW, card_id=CARDS[0]))
        report = verify_batches(connection, [signer.verifying_key])
    assert report
    assert report.batches == 2


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ("UPDATE audit_events SET leaf = head WHERE chain = 1 AND seq = 1", [(1, BatchRule.ROOT_DIFFERS)]),
        ("DELETE FROM audit_events WHERE chain = 15 AND seq = 2", [(2, BatchRule.ROOT_DIFFERS)]),
        ("UPDATE audit_batches SET tree_size = 5 WHERE batch = 1", [(1, BatchRule.DOCUMENT_DIFFERS)]),
        ("UPDATE audit_batches SET root = document WHERE batch = 3", []),
        ("DELETE FROM audit_batches WHERE batch = 1", [(2, BatchRule.BATCH_MISSING)]),
        ("UPDATE audit_batches SET kid = 'other' WHERE batch = 2", [(2, BatchRule.KEY_UNKNOWN)]),
    ],
)
def test_any_change_below_a_seal_is_found(
    sealed: Database, signer: SoftwareSigner, change: str, faults: list[tuple[int, BatchRule]]
) -> None:
    with sealed.begin() as connection:
        disarm(connection)
        connection.execute(text(change))
        report = verify_batches(connection, [signer.verifying_key])
    assert report.faults == tuple(BatchFault(*fault) for fault in faults)
    assert bool(report) is (not faults)


def test_a_batch_signed_by_another_key_of_the_same_name_falls(sealed: Database, signer: SoftwareSigner) -> None:
    other = VerifyingKey(signer.verifying_key.kid, SoftwareSigner().verifying_key.point)
    with sealed.begin() as connection:
        report = verify_batches(connection, [other])
    assert [fault.rule for fault in report.faults] == [BatchRule.SIGNATURE_WRONG] * 2


def test_a_batch_cut_out_and_the_rest_numbered_anew_falls(sealed: Database, signer: SoftwareSigner) -> None:
    with sealed.begin() as connection:
        disarm(connection)
        connection.execute(text("DELETE FROM audit_batches WHERE batch = 1"))
        connection.execute(text("UPDATE audit_batches SET batch = 1 WHERE batch = 2"))
        report = verify_batches(connection, [signer.verifying_key])
    assert report.faults == (BatchFault(1, BatchRule.ROOT_DIFFERS),)


def test_two_who_seal_at_once_make_one_batch(
    sealed: Database, signer: SoftwareSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sealed.begin() as connection:
        record(connection, AuditEvent("card.seen", NOW, card_id=CARDS[0]))
        first = audit_batches.every(connection)[0]
        # The other one has not seen the second batch yet.
        monkeypatch.setattr(audit_batches, "last", lambda _: first)
        with pytest.raises(SealConflict):
            seal_batch(connection, signer, NOW)
        monkeypatch.undo()
        assert seal_batch(connection, signer, NOW).batch == 3


def test_sabotage_an_auditor_who_trusts_any_signature_misses_a_forged_batch(
    sealed: Database, signer: SoftwareSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = VerifyingKey(signer.verifying_key.kid, SoftwareSigner().verifying_key.point)
    monkeypatch.setattr(module.p256, "verifies", lambda *_: True)  # type: ignore[attr-defined]  # the sabotage reaches in
    with sealed.begin() as connection:
        assert verify_batches(connection, [other])
