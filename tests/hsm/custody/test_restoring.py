# SPDX-License-Identifier: Apache-2.0
"""Backup and restoration: a quorum brings every key back as it was, and whatever does not fit is refused before anything changes."""

import json
import shutil
from pathlib import Path

import pytest

from cardservice.keys import Purpose
from hsm.custody import restoring
from hsm.custody.backup_folder import file_name
from hsm.custody.ca_certificates import ca_certificates
from hsm.custody.journal import open_journal
from hsm.custody.key_ending import destroy_key, end_key
from hsm.custody.key_record import check_of, fingerprint
from hsm.custody.statement import signed
from hsm.errors import BackupRefused, CeremonyUnfinished, KeyFileExists, ShareRefused, SharesTooFew, StatementRefused
from hsm.keys.key_plan import KeyPlan
from hsm.keys.key_store import KeyDescription, KeyStore
from hsm.limits.officers import Officers
from hsm.stores.ceremony_mark import mark, refuse_marked
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from tests.hsm.custody.ceremonies import KeySet
from tests.hsm.documents import NOW


def checks(store: KeyStore) -> dict[str, tuple[object, str]]:
    return {key.kid: (key, check_of(store, key)) for key in store.descriptions()}


@pytest.mark.parametrize("numbers", [(1, 2, 3), (5, 1, 4), (1, 2, 3, 4, 5)], ids=str)
def test_a_quorum_brings_everything_back(made: KeySet, lost: KeySet, numbers: tuple[int, ...]) -> None:
    backup = made.back_up("backup")
    done = lost.restore(backup, made.shares(*numbers))
    assert done["restored"] == done["keys"] == len(made.store().descriptions())
    assert checks(lost.store()) == checks(made.store())
    assert lost.store().ca_certificate == made.store().ca_certificate
    with lost.custody() as custody, made.custody() as before:
        assert "satu.petugas" in Officers(custody.records())
        assert custody.backup_key_check_value == before.backup_key_check_value
    # What came back can be backed up again, and so rotated without the quorum.
    assert len(list(lost.back_up("again").glob("*.backup"))) == done["keys"]


def test_keys_of_the_ceremonys_own_backup_are_put_to_work(made: KeySet, lost: KeySet) -> None:
    """It is written while the ceremony is still marked as unfinished: the mark stays behind."""
    lost.restore(made.folder / "out" / "backup", made.shares(1, 2, 3))
    with lost.custody() as custody:
        refuse_marked(custody.records())
        # Control: with the mark they would serve nobody.
        mark(custody, "a ceremony")
        with pytest.raises(CeremonyUnfinished):
            refuse_marked(custody.records())


@pytest.mark.parametrize("numbers", [(1,), (1, 2), (4, 5)], ids=str)
def test_fewer_than_the_quorum_bring_nothing_back(made: KeySet, lost: KeySet, numbers: tuple[int, ...]) -> None:
    backup = made.back_up("backup")
    with pytest.raises(SharesTooFew):
        lost.restore(backup, made.shares(*numbers))
    assert lost.store().descriptions() == ()


def test_shares_of_another_ceremony_are_refused(made: KeySet, lost: KeySet) -> None:
    backup = made.back_up("backup")
    foreign = made.shares(1, 2, 3)
    for held in foreign:
        object.__setattr__(held, "octets", bytes(32))
    with pytest.raises(ShareRefused):
        lost.restore(backup, foreign)
    assert lost.store().descriptions() == ()


def test_a_blob_cut_short_is_refused(made: KeySet, lost: KeySet) -> None:
    backup = made.back_up("backup")
    path = next(backup.glob("seal-*.backup"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BackupRefused):
        lost.restore(backup, made.shares(1, 2, 3))
    assert lost.store().descriptions() == ()


def test_a_wrapped_key_with_one_bit_changed_is_refused(made: KeySet, lost: KeySet) -> None:
    backup = made.back_up("backup")
    key = next(key for key in made.store().descriptions() if key.purpose is Purpose.CARD_MASTER)
    wrapped = made.backups.read(file_name(key))[0].wrapped
    path = backup / file_name(key)
    path.write_bytes(path.read_bytes().replace(wrapped, bytes([wrapped[0] ^ 1]) + wrapped[1:]))
    with pytest.raises(BackupRefused, match="as it was written"):
        lost.restore(backup, made.shares(1, 2, 3))
    assert lost.store().descriptions() == ()


def test_a_blob_missing_or_added_is_refused(made: KeySet, lost: KeySet) -> None:
    backup = made.back_up("backup")
    path = next(backup.glob("pseudonym-*.backup"))
    taken = path.read_bytes()
    path.unlink()
    with pytest.raises(BackupRefused, match="is there"):
        lost.restore(backup, made.shares(1, 2, 3))
    path.write_bytes(taken)
    path.chmod(0o600)
    extra = backup / "extra.backup"
    extra.write_bytes(taken)
    extra.chmod(0o600)
    with pytest.raises(BackupRefused, match="in the manifest"):
        lost.restore(backup, made.shares(1, 2, 3))


def test_a_changed_manifest_is_refused(made: KeySet, lost: KeySet) -> None:
    backup = made.back_up("backup")
    manifest = json.loads((backup / "manifest.json").read_bytes())
    manifest["statement"]["keys"][0]["key"]["expires"] = "2099-01-01T00:00:00+00:00"
    (backup / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    with pytest.raises(StatementRefused, match="as it was signed"):
        lost.restore(backup, made.shares(1, 2, 3))


def test_a_manifest_signed_by_a_key_from_elsewhere_is_refused(made: KeySet, lost: KeySet) -> None:
    """Somebody rewrites the manifest and signs it with an audit key of his own."""
    backup = made.back_up("backup")
    manifest = json.loads((backup / "manifest.json").read_bytes())["statement"]
    other = SoftwareStore(development_keys(NOW, lambda count: b"\x07" * count), lambda count: b"\x07" * count)
    (backup / "manifest.json").write_bytes(signed(manifest, other, NOW))
    with pytest.raises(BackupRefused, match="audit key of the backup"):
        lost.restore(backup, made.shares(1, 2, 3))


def test_sabotage_believing_any_signer_lets_the_rewritten_manifest_pass(
    made: KeySet, lost: KeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = made.back_up("backup")
    manifest = json.loads((backup / "manifest.json").read_bytes())["statement"]
    for line in manifest["keys"]:
        line["key"]["expires"] = "2099-01-01T00:00:00+00:00"
    other = SoftwareStore(development_keys(NOW, lambda count: b"\x07" * count), lambda count: b"\x07" * count)
    (backup / "manifest.json").write_bytes(signed(manifest, other, NOW))
    monkeypatch.setattr(restoring, "_signed_by_a_key_inside", lambda found, _: json.loads(found.manifest)["statement"])
    lost.restore(backup, made.shares(1, 2, 3))
    assert {key.expires.year for key in lost.store().descriptions()} == {2099}


def test_a_back_end_with_other_keys_is_not_touched(made: KeySet, lost: KeySet) -> None:
    backup = made.back_up("backup")
    with lost.custody() as custody:
        planned = next(key for key in made.store().descriptions() if key.purpose is Purpose.SEAL)
        custody.generate(KeyPlan(planned.purpose, 1, planned.active_from, planned.expires), NOW)
    before = (lost.folder / "keys.sealed").read_bytes()
    with pytest.raises(BackupRefused, match="seal 1 is not of this backup"):
        lost.restore(backup, made.shares(1, 2, 3))
    assert (lost.folder / "keys.sealed").read_bytes() == before


def test_what_is_there_already_is_no_fault_and_what_was_cut_short_goes_on(made: KeySet, lost: KeySet) -> None:
    backup = made.back_up("backup")
    shares = made.shares(2, 3, 4)
    lost.restore(backup, shares)
    with lost.custody() as custody:
        for key in list(custody.store.descriptions())[:4]:
            custody.destroy(key)
    assert lost.restore(backup, shares)["restored"] == 4
    assert lost.restore(backup, shares)["restored"] == 0
    assert checks(lost.store()) == checks(made.store())


def test_an_ended_key_comes_back_ended(made: KeySet, lost: KeySet) -> None:
    with made.custody() as custody, open_journal(made.journal) as journal:
        key = next(key for key in custody.store.descriptions() if key.purpose is Purpose.COVER_PROOF)
        ended = end_key(custody, journal, key, "test", made.clock)
    lost.restore(made.back_up("backup"), made.shares(1, 2, 3))
    assert next(one for one in lost.store().descriptions() if one.kid == key.kid) == ended


@pytest.fixture
def old_backup(made: KeySet, lost: KeySet) -> Path:
    """A backup from before a cover-proof key was ended and a token key destroyed; the back end was lost since, the journal was not."""
    backup = made.back_up("backup")
    with made.custody() as custody, open_journal(made.journal) as journal:
        end_key(custody, journal, first(custody.store, Purpose.COVER_PROOF), "stolen", made.clock)
        stolen = first(custody.store, Purpose.ELIGIBILITY_TOKEN)
        destroy_key(custody, journal, made.backups, stolen, "stolen", made.clock)
    shutil.copy(made.journal, lost.journal)
    return backup


def first(store: KeyStore, purpose: Purpose) -> KeyDescription:
    return next(key for key in store.descriptions() if key.purpose is purpose)


def test_an_old_backup_gives_a_stolen_key_no_second_life(made: KeySet, lost: KeySet, old_backup: Path) -> None:
    lost.restore(old_backup, made.shares(1, 2, 3))
    assert checks(lost.store()) == checks(made.store())
    assert lost.restore(old_backup, made.shares(1, 2, 3))["restored"] == 0


def test_sabotage_without_the_journals_word_it_signs_again(
    made: KeySet, lost: KeySet, old_backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "_as_the_journal_has_it", lambda believed, _: believed)
    lost.restore(old_backup, made.shares(1, 2, 3))
    assert len(lost.store().descriptions()) == len(made.store().descriptions()) + 1
    assert first(lost.store(), Purpose.COVER_PROOF).is_active(NOW)


def test_a_backup_is_not_written_among_other_files(made: KeySet) -> None:
    """Among them it could not be restored: a restoration refuses what the manifest does not name."""
    (made.folder / "carried").mkdir()
    (made.folder / "carried" / "earlier.backup").write_bytes(b"")
    with pytest.raises(KeyFileExists, match="earlier"):
        made.back_up("carried")
    assert [path.name for path in (made.folder / "carried").iterdir()] == ["earlier.backup"]


def test_a_key_without_its_backup_stops_a_backup(made: KeySet) -> None:
    next(made.backups.path.glob("audit-*.backup")).unlink()
    with pytest.raises(BackupRefused, match="audit-"):
        made.back_up("backup")


def test_certificates_come_back(made: KeySet, lost: KeySet) -> None:
    lost.restore(made.back_up("backup"), made.shares(1, 2, 3))
    with open_journal(lost.journal) as journal:
        assert ca_certificates(journal, lost.store().ca_certificate, NOW) == [made.store().ca_certificate]


def test_nothing_secret_leaves_with_a_backup(made: KeySet) -> None:
    backup = made.back_up("backup")
    with made.custody() as custody:
        secrets = [key.secret for key in custody.bundle.keys]  # type: ignore[attr-defined]  # the software form
    content = b"".join(path.read_bytes() for path in backup.iterdir())
    assert not any(secret in content or secret.hex().encode() in content for secret in secrets)
    assert fingerprint(made.store().verifying_point(made.store().descriptions()[0])).encode() in content
