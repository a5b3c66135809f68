# SPDX-License-Identifier: Apache-2.0
"""Rotation: the next key ahead of time or at once, done once, never leaving what was made before unreadable."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from cardservice.keys import KeyOrigin, Purpose, SessionRequest
from cardservice.keys import KeySet as CardKeySet
from hsm.custody import rotation as rotation_module
from hsm.custody.backup_folder import BackupFolder, file_name
from hsm.custody.ca_certificates import ca_certificates
from hsm.custody.journal import CustodyJournal, open_journal
from hsm.custody.key_ending import destroy_key, destroyed_keys
from hsm.custody.key_list import KeyState, list_keys
from hsm.custody.rotation import Rotation, RotationOrder
from hsm.errors import BackupRefused, KeyNotActive, RotationRefused
from hsm.keys.key_store import KeyDescription
from hsm.operations.key_ring import KeyRing
from hsm.operations.sealed_values import SealedValues
from hsm.operations.static_card_keys import StaticCardKeys
from hsm.process.production import Environment
from tests.hsm.custody.ceremonies import KeySet
from tests.hsm.documents import NOW

DAY = timedelta(days=1)
LATER = NOW + 10 * DAY
KDD = bytes(range(10))


def rotate(
    made: KeySet,
    purpose: Purpose,
    *,
    name: str = "r1",
    at: datetime | None = None,
    sector: int | None = None,
    now: datetime = LATER,
    environment: Environment = Environment.TEST,
) -> dict[str, Any]:
    made.clock.time = now
    with made.custody() as custody, open_journal(made.journal) as journal:
        rotation = Rotation(custody, journal, made.backups, made.clock, environment=environment, randomness=os.urandom)
        return rotation.rotate(RotationOrder(name, purpose, sector, at, now))


def keys(made: KeySet, purpose: Purpose) -> list[KeyDescription]:
    return sorted((key for key in made.store().descriptions() if key.purpose is purpose), key=lambda key: key.version)


def test_ahead_of_time_the_next_key_is_published_before_it_signs(made: KeySet) -> None:
    rotate(made, Purpose.ELIGIBILITY_TOKEN)
    first, second, third = keys(made, Purpose.ELIGIBILITY_TOKEN)
    assert third.version == 3
    assert third.active_from == second.expires - 7 * DAY
    assert third.expires - third.active_from == 90 * DAY
    ring = KeyRing(made.store())
    assert ring.current(Purpose.ELIGIBILITY_TOKEN, LATER) == first
    assert [key.kid for key in ring.published(Purpose.ELIGIBILITY_TOKEN, LATER)] == [first.kid, third.kid, second.kid]
    assert made.backups.has(third)


@pytest.mark.parametrize("purpose", [Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF, Purpose.AUDIT], ids=str)
def test_at_once_the_old_key_signs_no_more_and_stays_published(made: KeySet, purpose: Purpose) -> None:
    before = keys(made, purpose)
    rotate(made, purpose, at=LATER)
    new = keys(made, purpose)[-1]
    ring = KeyRing(made.store())
    assert ring.current(purpose, LATER) == new
    assert [key for key in keys(made, purpose) if key.is_active(LATER)] == [new]
    assert before[0].kid in {key.kid for key in ring.published(purpose, LATER)}
    assert KeyState.ENDED in {
        key.state for key in list_keys(made.store(), LATER) if key.description.kid == before[0].kid
    }


def test_sabotage_without_ending_the_old_key_could_still_sign(made: KeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation_module, "end_key", lambda *_: _[2])
    rotate(made, Purpose.AUDIT, at=LATER)
    assert len([key for key in keys(made, Purpose.AUDIT) if key.is_active(LATER)]) == 2


def test_with_the_clock_put_back_nobody_signs_rather_than_the_old_key(made: KeySet) -> None:
    rotate(made, Purpose.ELIGIBILITY_TOKEN, at=LATER)
    with pytest.raises(KeyNotActive):
        KeyRing(made.store()).current(Purpose.ELIGIBILITY_TOKEN, LATER - timedelta(seconds=1))


def test_with_the_clock_put_back_what_was_ended_is_not_ended_again(made: KeySet) -> None:
    first = rotate(made, Purpose.ELIGIBILITY_TOKEN, at=LATER)
    second = rotate(made, Purpose.ELIGIBILITY_TOKEN, name="r2", at=LATER - DAY, now=LATER - DAY)
    assert {key["kid"] for key in first["ended"]}.isdisjoint(key["kid"] for key in second["ended"])


def test_at_a_date_it_takes_over_then(made: KeySet) -> None:
    rotate(made, Purpose.COVER_PROOF, at=LATER + 3 * DAY)
    ring = KeyRing(made.store())
    assert ring.current(Purpose.COVER_PROOF, LATER).version == 1
    assert ring.current(Purpose.COVER_PROOF, LATER + 3 * DAY).version == 3


def card_keys(made: KeySet) -> StaticCardKeys:
    store = made.store()
    return StaticCardKeys(store, KeyRing(store))


def card(version: int, sector: int = 0) -> CardKeySet:
    return CardKeySet(KeyOrigin.SCHEME, version, KDD, sector)


@pytest.mark.parametrize(("purpose", "sector"), [(Purpose.CARD_MASTER, 0), (Purpose.SECTOR_MASTER, 0x10)], ids=str)
def test_masters_get_a_new_version_for_new_cards_and_old_cards_keep_working(
    made: KeySet, purpose: Purpose, sector: int
) -> None:
    request = SessionRequest(card(0x30, sector), bytes(8), card_challenge=bytes(8))
    before = card_keys(made).session_keys([request])
    rotate(made, purpose, at=LATER, sector=sector)
    assert [key.version for key in keys(made, purpose) if key.sector == sector] == [0x30, 0x31]
    assert card_keys(made).session_keys([request]) == before
    ring = KeyRing(made.store())
    assert ring.current_master(sector, NOW).version == 0x30
    assert ring.current_master(sector, LATER).version == 0x31
    assert ring.current_master(0x11, LATER).version == 0x30  # of a sector that was not meant
    under = card(0x30, sector)
    assert len(card_keys(made).wrapped_key_set(card(0x31, sector), under, LATER)) == 3
    # A year on: the old version makes no new card, and opens the old ones still.
    year_on = NOW + 366 * DAY
    with pytest.raises(KeyNotActive):
        card_keys(made).wrapped_key_set(card(0x30, sector), card(0x31, sector), year_on)
    assert len(card_keys(made).wrapped_key_set(card(0x31, sector), under, year_on)) == 3
    assert card_keys(made).session_keys([request]) == before


def test_ahead_of_time_a_master_takes_over_a_week_before_the_last_one_ends(made: KeySet) -> None:
    rotate(made, Purpose.CARD_MASTER)
    first, _ = keys(made, Purpose.CARD_MASTER)
    ring = KeyRing(made.store())
    assert ring.current_master(0x00, first.expires - 8 * DAY).version == 0x30
    assert ring.current_master(0x00, first.expires - 7 * DAY).version == 0x31


def test_a_rotation_in_the_second_of_a_ceremony_counts(made: KeySet) -> None:
    rotate(made, Purpose.CARD_MASTER, at=NOW, now=NOW)
    assert KeyRing(made.store()).current_master(0x00, NOW).version == 0x31
    assert [
        one.description.version
        for one in list_keys(made.store(), NOW)
        if one.is_current and one.description.purpose is Purpose.CARD_MASTER
    ] == [0x31]


def test_without_a_sector_all_sectors_get_theirs(made: KeySet) -> None:
    done = rotate(made, Purpose.SECTOR_MASTER, at=LATER)
    assert [(key["sector"], key["version"]) for key in done["made"]] == [(0x01, 0x31), (0x10, 0x31), (0x11, 0x31)]


def test_the_ca_gets_a_new_certificate_and_the_old_one_stays_for_verifiers(made: KeySet) -> None:
    old = made.store().ca_certificate
    rotate(made, Purpose.CARD_CA, at=LATER)
    new = made.store().ca_certificate
    assert x509.load_der_x509_certificate(new).public_key() != x509.load_der_x509_certificate(old).public_key()
    with open_journal(made.journal) as journal:
        assert ca_certificates(journal, new, LATER) == [new, old]
        assert ca_certificates(journal, new, LATER + 9 * 365 * DAY) == [new]


def test_values_sealed_before_open_after(made: KeySet) -> None:
    def sealed_values() -> SealedValues:
        store = made.store()
        return SealedValues(store, KeyRing(store))

    sealed = sealed_values().seal("row/1", b"value", LATER)
    rotate(made, Purpose.SEAL, at=LATER)
    assert sealed_values().unseal("row/1", sealed, LATER) == b"value"
    assert KeyRing(made.store()).current(Purpose.SEAL, LATER).version == 2


def test_asked_again_it_is_not_done_again(made: KeySet) -> None:
    first = rotate(made, Purpose.AUDIT)
    second = rotate(made, Purpose.AUDIT, now=LATER + DAY)
    assert (first["already"], second["already"]) == (False, True)
    assert [key["kid"] for key in second["made"]] == [key["kid"] for key in first["made"]]
    assert len(keys(made, Purpose.AUDIT)) == 2
    rotate(made, Purpose.AUDIT, name="r2")
    assert len(keys(made, Purpose.AUDIT)) == 3


def test_an_id_is_one_rotations(made: KeySet) -> None:
    rotate(made, Purpose.AUDIT)
    with pytest.raises(RotationRefused, match="another rotation"):
        rotate(made, Purpose.SEAL)


class Cut(BaseException):
    """The power goes."""


@pytest.mark.parametrize("moment", ["key-intended", "key-made", "ending", "ca-certificate"])
def test_cut_short_it_is_finished_under_the_same_id(made: KeySet, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    purpose = Purpose.CARD_CA
    real = CustodyJournal.append

    def cut(self: CustodyJournal, event: str, at: datetime, /, **facts: object) -> object:
        entry = real(self, event, at, **facts)
        if event == moment:
            raise Cut
        return entry

    with monkeypatch.context() as patched:
        patched.setattr(CustodyJournal, "append", cut)
        with pytest.raises(Cut):
            rotate(made, purpose, at=LATER)
    done = rotate(made, purpose, at=LATER + timedelta(hours=1), now=LATER + timedelta(hours=1))
    assert [key["version"] for key in done["made"]] == [2]
    assert [key.version for key in keys(made, purpose)] == [1, 2]
    assert [key.version for key in keys(made, purpose) if key.is_active(LATER + timedelta(hours=2))] == [2]
    assert (
        x509.load_der_x509_certificate(made.store().ca_certificate)
        .subject.rfc4514_string()
        .count(keys(made, purpose)[1].kid)
    )
    assert all(made.backups.has(key) for key in made.store().descriptions())


def test_a_key_that_came_to_be_without_its_backup_is_made_anew(made: KeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object) -> None:
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr(BackupFolder, "keep", cut)
        with pytest.raises(Cut):
            rotate(made, Purpose.AUDIT)
    (orphan,) = (key for key in keys(made, Purpose.AUDIT) if key.version == 2)
    rotate(made, Purpose.AUDIT)
    (new,) = (key for key in keys(made, Purpose.AUDIT) if key.version == 2)
    assert new.kid != orphan.kid
    assert made.backups.has(new)


@pytest.mark.parametrize("purpose", [Purpose.BLIND_INDEX, Purpose.PSEUDONYM, Purpose.TRANSPORT], ids=str)
def test_what_would_lose_members_or_names_is_refused(made: KeySet, purpose: Purpose) -> None:
    with pytest.raises(RotationRefused):
        rotate(made, purpose)


def test_the_ca_is_not_followed_ahead_of_time(made: KeySet) -> None:
    with pytest.raises(RotationRefused, match="at now"):
        rotate(made, Purpose.CARD_CA)


def test_no_such_sector(made: KeySet) -> None:
    with pytest.raises(RotationRefused):
        rotate(made, Purpose.SECTOR_MASTER, sector=0x5F)


def test_card_versions_end_with_3f(made: KeySet) -> None:
    for number in range(0x31, 0x40):
        rotate(made, Purpose.CARD_MASTER, name=f"r{number}")
    with pytest.raises(RotationRefused, match="3F"):
        rotate(made, Purpose.CARD_MASTER, name="one more")


def test_development_keys_rotate_without_a_backup_and_production_does_not(made: KeySet) -> None:
    with made.custody() as custody:
        custody._save(replace(custody.bundle, backup_key=b""))  # type: ignore[attr-defined]  # as `kartu hsm init` makes it
    assert rotate(made, Purpose.AUDIT)["backed_up"] is False
    with pytest.raises(BackupRefused, match="has a backup key"):
        rotate(made, Purpose.AUDIT, name="r2", environment=Environment.PRODUCTION)


def test_a_destroyed_key_is_gone_and_its_version_is_never_used_again(made: KeySet) -> None:
    rotate(made, Purpose.AUDIT, at=LATER)
    with made.custody() as custody, open_journal(made.journal) as journal:
        (old,) = (key for key in custody.store.descriptions() if key.purpose is Purpose.AUDIT and key.version == 1)
        (new,) = (key for key in custody.store.descriptions() if key.purpose is Purpose.AUDIT and key.version == 2)
        secrets = {key.description.kid: key.secret for key in custody.bundle.keys}  # type: ignore[attr-defined]  # software
        for key in (old, new):
            destroy_key(custody, journal, made.backups, key, "test", made.clock)
        assert {key.kid for key, _ in destroyed_keys(journal)} == {old.kid, new.kid}
    with made.custody() as custody:
        content = custody.bundle.encode()  # type: ignore[attr-defined]  # all that the sealed file holds
    assert secrets[old.kid] not in content
    assert secrets[new.kid] not in content
    assert not made.backups.has(old)
    assert not (made.backups.path / file_name(old)).exists()


def test_a_back_end_of_before_receipts_gets_its_first_key_by_rotation(made: KeySet) -> None:
    with made.custody() as custody, open_journal(made.journal) as journal:
        for key in keys(made, Purpose.RECEIPT):
            destroy_key(custody, journal, made.backups, key, "as if there had been none", made.clock)
    assert keys(made, Purpose.RECEIPT) == []
    rotate(made, Purpose.RECEIPT)
    (first,) = keys(made, Purpose.RECEIPT)
    assert (first.version, first.active_from, made.backups.has(first)) == (2, LATER, True)
    assert KeyRing(made.store()).current(Purpose.RECEIPT, LATER) == first
