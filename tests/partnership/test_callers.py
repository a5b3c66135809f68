# SPDX-License-Identifier: Apache-2.0
"""Verifiers: registered with a secret that is shown once, known by it, and unknown without."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.partnership import caller as caller_module
from cardservice.partnership.caller import Caller, authenticate
from cardservice.partnership.errors import CallerUnknown, SecretTooShort, SectorOutOfKind, VerifierNameMalformed
from cardservice.partnership.register import Registered, register, revoke
from cardservice.partnership.sectors import SECTORS
from cardservice.partnership.verifier_secret import secret_sha256, write_secret
from cardservice.records import audit_events, verifiers
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import RecordNotFound
from cardservice.records.verifiers import Verifier, VerifierKind

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
RANDOM = bytes(range(32))
CLINIC = "c1" * 16


def take_in(connection: Connection, verifier_id: str = CLINIC, random_octets: bytes = RANDOM) -> Registered:
    return register(
        connection,
        verifier_id=verifier_id,
        name=" Puskesmas Melati ",
        kind=VerifierKind.HEALTH_FACILITY,
        sector=0x01,
        random_octets=random_octets,
        at=NOW,
    )


def test_a_registered_verifier_is_known_by_its_secret(database: Database) -> None:
    with database.begin() as connection:
        registered = take_in(connection)
    with database.read() as connection:
        caller = authenticate(connection, registered.secret, NOW)
    assert caller == Caller(CLINIC, "Puskesmas Melati", VerifierKind.HEALTH_FACILITY, 0x01)


def test_the_secret_stands_in_no_column_no_repr_and_no_audit_event(database: Database) -> None:
    with database.begin() as connection:
        registered = take_in(connection)
        kept = verifiers.get(connection, CLINIC)
        (event,) = audit_events.stream(connection, 0)
    assert kept.secret_sha256 == hashlib.sha256(registered.secret.encode()).digest()
    assert registered.secret not in repr(registered)
    assert event.event.kind == "verifier.registered"
    assert event.event.detail == {"kind": "HEALTH_FACILITY", "sector": 1, "verifier": CLINIC}


@pytest.mark.parametrize("presented", ["", "kjs_", "kjs_" + "A" * 43, "kjs_" + "é" * 43, "Bearer x", "\x00" * 47])
def test_any_other_secret_is_unknown(sqlite_database: Database, presented: str) -> None:
    with sqlite_database.begin() as connection:
        take_in(connection)
        with pytest.raises(CallerUnknown) as refused:
            authenticate(connection, presented, NOW)
    assert not refused.value.evidence


def test_a_revoked_verifier_is_unknown_from_that_moment_on(database: Database) -> None:
    with database.begin() as connection:
        secret = take_in(connection).secret
        revoke(connection, CLINIC, NOW + timedelta(hours=1))
        assert authenticate(connection, secret, NOW).verifier_id == CLINIC
        with pytest.raises(CallerUnknown) as refused:
            authenticate(connection, secret, NOW + timedelta(hours=1))
    assert not refused.value.evidence


def test_sabotage_a_lookup_that_forgets_revocation_is_seen(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always(_verifier: Verifier, _now: datetime) -> bool:
        return True

    monkeypatch.setattr(caller_module, "_is_in_force", always)
    with sqlite_database.begin() as connection:
        secret = take_in(connection).secret
        revoke(connection, CLINIC, NOW)
        assert authenticate(connection, secret, NOW).verifier_id == CLINIC


def test_revoking_twice_keeps_the_first_moment_and_an_unknown_verifier_is_told(sqlite_database: Database) -> None:
    with sqlite_database.begin() as connection:
        take_in(connection)
        revoke(connection, CLINIC, NOW)
        revoke(connection, CLINIC, NOW + timedelta(days=1))
        assert verifiers.get(connection, CLINIC).revoked_at == NOW
        with pytest.raises(RecordNotFound):
            revoke(connection, "ff" * 16, NOW)


@pytest.mark.parametrize("kind", list(VerifierKind))
def test_a_kind_has_its_own_sectors_only(sqlite_database: Database, kind: VerifierKind) -> None:
    with sqlite_database.begin() as connection:
        for sector in (SECTORS[kind].start - 1, SECTORS[kind].stop):
            with pytest.raises(SectorOutOfKind):
                register(
                    connection, verifier_id=CLINIC, name="X", kind=kind, sector=sector, random_octets=RANDOM, at=NOW
                )
        assert verifiers.every(connection) == ()


def test_no_sector_belongs_to_two_kinds() -> None:
    sectors = [sector for own in SECTORS.values() for sector in own]
    assert len(sectors) == len(set(sectors))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 121])
def test_a_name_is_printable_and_short(sqlite_database: Database, name: str) -> None:
    with sqlite_database.begin() as connection, pytest.raises(VerifierNameMalformed):
        register(
            connection,
            verifier_id=CLINIC,
            name=name,
            kind=VerifierKind.COUNTER,
            sector=0x70,
            random_octets=RANDOM,
            at=NOW,
        )


@given(st.binary(min_size=32, max_size=32))
def test_every_secret_has_one_form_that_is_recognised(random_octets: bytes) -> None:
    secret = write_secret(random_octets)
    assert len(secret) == 47
    assert secret_sha256(secret) == hashlib.sha256(secret.encode()).digest()


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_secret_is_made_of_32_random_octets(length: int) -> None:
    with pytest.raises(SecretTooShort):
        write_secret(bytes(length))
