# SPDX-License-Identifier: Apache-2.0
"""The contract of custody, on every back end: keys are made, brought in, ended, destroyed, backed up and restored."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from cardservice.keys import Purpose
from hsm.algorithms.block_cipher import key_check_value
from hsm.algorithms.diversification import Diversification, DiversificationScheme, KeyUsage, diversified_key
from hsm.algorithms.es256 import der_signature
from hsm.errors import (
    BackupRefused,
    CaCertificateRefused,
    CustodyBusy,
    KeyExists,
    KeyNotActive,
    KeyNotFound,
    KeyPlanRefused,
    RecordRefused,
)
from hsm.keys import key_backup
from hsm.keys.ca_certificate import self_signed_ca_certificate
from hsm.keys.key_backup import KeyBackup
from hsm.keys.key_identifier import kid_of_point
from hsm.keys.key_plan import KIND_OF_PURPOSE, MASTERS, KeyPlan
from hsm.keys.key_store import KeyDescription, KeyKind, KeyStore
from hsm.operations.key_ring import KeyRing
from tests.hsm.back_ends import BackEnd
from tests.hsm.documents import NOW

BACKUP_KEY = bytes(range(32))
LATER = NOW + timedelta(days=90)
PURPOSES = pytest.mark.parametrize("purpose", list(Purpose))
KDD = bytes(10)


def plan(purpose: Purpose, version: int = 1, **changes: Any) -> KeyPlan:
    length = 32 if purpose in MASTERS else 0
    sector = 0x10 if purpose is Purpose.SECTOR_MASTER else 0
    return replace(KeyPlan(purpose, version, NOW, LATER, sector, length), **changes)


def use(store: KeyStore, key: KeyDescription) -> bytes:
    """Something that only this key gives: a verified point, a check value, or an HMAC."""
    match KIND_OF_PURPOSE[key.purpose]:
        case KeyKind.P256:
            point = store.verifying_point(key)
            public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            public.verify(der_signature(store.sign_es256(key, b"words")), b"words", ec.ECDSA(SHA256()))
            return point
        case KeyKind.AES:
            return store.check_value(key)
        case KeyKind.HMAC_SHA256:
            return store.hmac(key, b"words")


@PURPOSES
def test_a_generated_key_works_and_is_there_when_opened_again(back_end: BackEnd, purpose: Purpose) -> None:
    with back_end.custody() as custody:
        kept = custody.generate(plan(purpose), NOW)
        first = use(custody.store, kept.description)
    assert kept.backup is None
    store = back_end.store()
    assert list(store.descriptions()) == [kept.description]
    assert use(store, kept.description) == first
    about = kept.description
    assert (about.purpose, about.version, about.active_from, about.expires) == (purpose, 1, NOW, LATER)
    if about.kind is KeyKind.P256:
        assert about.kid == kid_of_point(first)


def test_two_generated_keys_differ(back_end: BackEnd) -> None:
    with back_end.custody() as custody:
        keys = [custody.generate(plan(Purpose.PSEUDONYM, version), NOW).description for version in (1, 2)]
    first, second = (use(back_end.store(), key) for key in keys)
    assert first != second
    assert keys[0].kid != keys[1].kid


@PURPOSES
def test_a_key_brought_in_is_that_key_and_its_secret_is_wiped(back_end: BackEnd, purpose: Purpose) -> None:
    secret = bytearray(b"\x07" * 32)
    with back_end.custody() as custody:
        kept = custody.bring_in(plan(purpose), secret, NOW)
    assert secret == bytes(32)
    found = use(back_end.store(), kept.description)
    match kept.description.kind:
        case KeyKind.P256:
            known = ec.derive_private_key(int.from_bytes(b"\x07" * 32), ec.SECP256R1()).public_key()
            assert ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), found) == known
        case KeyKind.AES:
            assert found == key_check_value(b"\x07" * 32)
        case KeyKind.HMAC_SHA256:
            assert len(found) == 32


@pytest.mark.parametrize("length", [16, 24, 32])
def test_a_suppliers_master_may_be_any_aes_key(back_end: BackEnd, length: int) -> None:
    secret = bytes(range(length))
    with back_end.custody() as custody:
        key = custody.bring_in(plan(Purpose.TRANSPORT, 0xFF, derived_length=length), bytearray(secret), NOW).description
    store = back_end.store()
    assert store.check_value(key) == key_check_value(secret)
    parts = Diversification(DiversificationScheme.KDF3, KeyUsage.MAC, 0xFF, 0, KDD, length)
    derived = store.derive(key, parts)
    assert store.check_value(derived) == key_check_value(diversified_key(secret, parts))


@pytest.mark.parametrize(
    ("purpose", "secret"),
    [
        (Purpose.CARD_CA, bytes(32)),
        (Purpose.CARD_CA, b"\xff" * 32),
        (Purpose.CARD_CA, b"\x01" * 31),
        (Purpose.CARD_MASTER, b"\x01" * 20),
        (Purpose.SEAL, b"\x01" * 16),
        (Purpose.PSEUDONYM, b""),
    ],
    ids=["zero", "past-the-order", "short", "no-aes", "small-seal", "nothing"],
)
def test_a_secret_that_is_no_key_is_refused_and_wiped(back_end: BackEnd, purpose: Purpose, secret: bytes) -> None:
    given = bytearray(secret)
    with back_end.custody() as custody, pytest.raises(KeyPlanRefused):
        custody.bring_in(plan(purpose), given, NOW)
    assert given == bytes(len(secret))
    assert not back_end.store().descriptions()


@pytest.mark.parametrize(
    ("purpose", "changes"),
    [
        (Purpose.SEAL, {"expires": NOW}),
        (Purpose.SEAL, {"version": 0}),
        (Purpose.SEAL, {"version": 0x1_0000}),
        (Purpose.CARD_MASTER, {"version": 0x100}),
        (Purpose.CARD_MASTER, {"derived_length": 0}),
        (Purpose.CARD_MASTER, {"derived_length": 20}),
        (Purpose.AUDIT, {"derived_length": 16}),
        (Purpose.AUDIT, {"sector": 1}),
        (Purpose.SECTOR_MASTER, {"sector": 0}),
        (Purpose.SECTOR_MASTER, {"sector": 0x100}),
        (Purpose.SEAL, {"expires": datetime(2030, 1, 1)}),  # noqa: DTZ001 - the missing zone is the point
    ],
    ids=str,
)
def test_a_plan_that_makes_no_sense_is_refused(back_end: BackEnd, purpose: Purpose, changes: dict[str, Any]) -> None:
    with back_end.custody() as custody, pytest.raises(KeyPlanRefused):
        custody.generate(plan(purpose, **changes), NOW)


def test_a_name_that_is_taken_is_refused(back_end: BackEnd) -> None:
    with back_end.custody() as custody:
        custody.set_backup_key(bytearray(BACKUP_KEY))
        kept = custody.generate(plan(Purpose.SEAL), NOW)
        assert kept.backup is not None
        with pytest.raises(KeyExists):
            custody.generate(plan(Purpose.SEAL), NOW)
        with pytest.raises(KeyExists):
            custody.bring_in(plan(Purpose.SEAL), bytearray(32), NOW)
        with pytest.raises(KeyExists):
            custody.restore([kept.backup], bytearray(BACKUP_KEY))
    assert list(back_end.store().descriptions()) == [kept.description]


def test_an_ended_key_makes_nothing_new_and_stays_published(back_end: BackEnd) -> None:
    later = NOW + timedelta(minutes=1)
    with back_end.custody() as custody:
        key = custody.generate(plan(Purpose.ELIGIBILITY_TOKEN), NOW).description
        assert KeyRing(custody.store).current(Purpose.ELIGIBILITY_TOKEN, later) == key
        ended = custody.end(key, later)
        assert custody.end(key, NOW + timedelta(days=1)) == ended
    assert ended == replace(key, expires=later, is_ended=True)
    ring = KeyRing(back_end.store())
    with pytest.raises(KeyNotActive):
        ring.current(Purpose.ELIGIBILITY_TOKEN, later)
    assert ring.published(Purpose.ELIGIBILITY_TOKEN, later) == [ended]


def made_and_ended(back_end: BackEnd, later: datetime) -> KeyRing:
    with back_end.custody() as custody:
        custody.end(custody.generate(plan(Purpose.ELIGIBILITY_TOKEN), NOW).description, later)
    return KeyRing(back_end.store())


def test_a_clock_that_is_put_back_gives_an_ended_key_no_second_life(back_end: BackEnd) -> None:
    ring = made_and_ended(back_end, NOW + timedelta(minutes=1))
    with pytest.raises(KeyNotActive):
        ring.current(Purpose.ELIGIBILITY_TOKEN, NOW)


def test_sabotage_where_dates_alone_count_it_signs_again(back_end: BackEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyDescription, "is_active", lambda key, now: key.active_from <= now < key.expires)
    ring = made_and_ended(back_end, NOW + timedelta(minutes=1))
    assert ring.current(Purpose.ELIGIBILITY_TOKEN, NOW).is_ended


def test_a_destroyed_key_is_gone(back_end: BackEnd) -> None:
    with back_end.custody() as custody:
        key = custody.generate(plan(Purpose.AUDIT), NOW).description
        custody.destroy(key)
        for verb in (lambda: custody.destroy(key), lambda: custody.end(key, NOW)):
            with pytest.raises(KeyNotFound):
                verb()
    store = back_end.store()
    assert not store.descriptions()
    with pytest.raises(KeyNotFound):
        store.sign_es256(key, b"words")


@PURPOSES
def test_a_key_born_with_a_backup_is_restored_elsewhere(back_end: BackEnd, spare: BackEnd, purpose: Purpose) -> None:
    with back_end.custody() as custody:
        custody.set_backup_key(bytearray(BACKUP_KEY))
        assert custody.backup_key_check_value == key_check_value(BACKUP_KEY)
        kept = custody.generate(plan(purpose), NOW)
    assert kept.backup is not None
    backup = KeyBackup.decode(kept.backup.encode())
    assert backup == kept.backup
    with spare.custody() as custody:
        shares = bytearray(BACKUP_KEY)
        assert custody.restore([backup], shares) == [kept.description]
        assert shares == bytes(32)
        assert custody.backup_key_check_value is None
    assert use(spare.store(), kept.description) == use(back_end.store(), kept.description)


def test_a_brought_in_key_has_a_backup_too(back_end: BackEnd, spare: BackEnd) -> None:
    with back_end.custody() as custody:
        custody.set_backup_key(bytearray(BACKUP_KEY))
        kept = custody.bring_in(plan(Purpose.TRANSPORT, 0xFF, derived_length=24), bytearray(range(24)), NOW)
    assert kept.backup is not None
    with spare.custody() as custody:
        custody.restore([kept.backup], bytearray(BACKUP_KEY))
    assert use(spare.store(), kept.description) == key_check_value(bytes(range(24)))


def test_a_backup_opens_under_its_own_key_only(back_end: BackEnd, spare: BackEnd) -> None:
    with back_end.custody() as custody:
        custody.set_backup_key(bytearray(BACKUP_KEY))
        backup = custody.generate(plan(Purpose.CARD_CA), NOW).backup
    assert backup is not None
    other = bytes(32)
    renamed = replace(backup, backup_key_check_value=key_check_value(other))
    with spare.custody() as custody:
        for wrong, key in ((backup, other), (renamed, other), (backup, bytes(31))):
            with pytest.raises(BackupRefused):
                custody.restore([wrong], bytearray(key))
    assert not spare.store().descriptions()


@pytest.mark.parametrize("purpose", [Purpose.CARD_CA, Purpose.CARD_MASTER, Purpose.BLIND_INDEX])
def test_a_changed_backup_is_refused(back_end: BackEnd, spare: BackEnd, purpose: Purpose) -> None:
    with back_end.custody() as custody:
        custody.set_backup_key(bytearray(BACKUP_KEY))
        backup = custody.generate(plan(purpose), NOW).backup
        other = custody.generate(plan(purpose, 2), NOW).backup
    assert backup is not None
    assert other is not None
    wrapped = backup.wrapped
    with spare.custody() as custody:
        for position in range(0, len(wrapped), 5):
            flipped = bytes([*wrapped[:position], wrapped[position] ^ 0x10, *wrapped[position + 1 :]])
            with pytest.raises(BackupRefused):
                custody.restore([replace(backup, wrapped=flipped)], bytearray(BACKUP_KEY))
        # Another key's blob under this key's name: it opens, and it isn't the key that was described.
        with pytest.raises(BackupRefused):
            custody.restore([replace(backup, wrapped=other.wrapped)], bytearray(BACKUP_KEY))
    assert not spare.store().descriptions()


@pytest.mark.parametrize("content", [b"", b"\xa0", b"\xa1ffformat\x02", b"\x80", b"\xfc" * 40])
def test_what_is_no_backup_is_refused(content: bytes) -> None:
    with pytest.raises(BackupRefused):
        KeyBackup.decode(content)


def test_sabotage_without_the_check_value_another_key_is_restored(
    back_end: BackEnd, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.hsm.back_ends import SealedFile  # noqa: PLC0415 - the software side is what is sabotaged

    spare = SealedFile(tmp_path / "sabotaged")
    with back_end.custody() as custody:
        custody.set_backup_key(bytearray(BACKUP_KEY))
        backup = custody.generate(plan(Purpose.CARD_MASTER, 0x30), NOW).backup
        other = custody.generate(plan(Purpose.CARD_MASTER, 0x31), NOW).backup
    assert backup is not None
    assert other is not None
    monkeypatch.setattr(key_backup, "check_value_of_secret", lambda *_: backup.check_value)
    with spare.custody() as custody:
        custody.restore([replace(backup, wrapped=other.wrapped)], bytearray(BACKUP_KEY))
        assert custody.store.check_value(backup.description) == other.check_value


def test_the_ca_certificate_is_one_over_a_held_ca_key(back_end: BackEnd, spare: BackEnd) -> None:
    with back_end.custody() as custody:
        key = custody.generate(plan(Purpose.CARD_CA), NOW).description
        certificate = self_signed_ca_certificate(custody.store, key, os.urandom)
        custody.set_ca_certificate(certificate)
    assert back_end.store().ca_certificate == certificate
    parsed = x509.load_der_x509_certificate(certificate)
    parsed.verify_directly_issued_by(parsed)
    with spare.custody() as custody:
        custody.generate(plan(Purpose.CARD_CA), NOW)
        for wrong in (certificate, certificate[:-1], b""):
            with pytest.raises(CaCertificateRefused):
                custody.set_ca_certificate(wrong)


def test_records_are_kept_beside_the_keys(back_end: BackEnd) -> None:
    with back_end.custody() as custody:
        custody.keep_record("officer/ani", b"point of Ani")
        custody.keep_record("officer/budi", b"point of Budi")
        custody.keep_record("officer/ani", b"new point of Ani")
        custody.drop_record("officer/budi")
        custody.drop_record("officer/budi")
    with back_end.custody() as custody:
        assert dict(custody.records()) == {"officer/ani": b"new point of Ani"}
        for name, content in (("", b""), ("x" * 65, b""), ("a\n", b""), ("a", bytes(4097))):
            with pytest.raises(RecordRefused):
                custody.keep_record(name, content)


def test_one_administrator_at_a_time(back_end: BackEnd) -> None:
    with back_end.custody() as custody:
        with pytest.raises(CustodyBusy), back_end.custody():
            pass
        custody.keep_record("still", b"works")
    with back_end.custody() as custody:
        assert "still" in custody.records()


def test_representations_hide_secrets(back_end: BackEnd) -> None:
    with back_end.custody() as custody:
        custody.set_backup_key(bytearray(b"backup-key-backup-key-backup-key"))
        kept = custody.bring_in(plan(Purpose.SEAL), bytearray(b"secret-of-seal-secret-of-seal-sc"), NOW)
        shown = repr(custody) + repr(custody.store) + repr(kept) + str(vars(kept) if hasattr(kept, "__dict__") else "")
    assert "secret-of" not in shown
    assert "backup-key" not in shown
