# SPDX-License-Identifier: Apache-2.0
"""A handover over keys in two places, cut short when one has the new backup key and the other has not: it begins again, for the right set only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cardservice.keys import Purpose
from hsm.custody import handover as handover_module
from hsm.custody.backup_folder import file_name
from hsm.custody.share_file import combined
from hsm.errors import BackupRefused, PlanRefused, ShareRefused
from hsm.keys.key_backup import wrapped_in_software
from hsm.keys.key_custody import KeyCustody
from hsm.machine.protected_file import replace_protected
from hsm.stores.divided_custody import DividedCustody
from hsm.stores.divided_store import DividedStore
from hsm.stores.software_custody import SoftwareCustody
from tests.hsm.back_ends import SealedFile
from tests.hsm.custody.ceremonies import Held, KeySet, empty_key_set
from tests.hsm.custody.test_handover import OFFICERS_ONLY, RESHARING_ONLY, Cut, assert_whole, hand_over, kcv, officers


@dataclass
class TwoPlaces(KeySet):
    """The audit key in a sealed file of its own."""

    audit: SealedFile | None = None

    @contextmanager
    def custody(self) -> Iterator[KeyCustody]:
        assert self.audit is not None
        with KeySet(self.folder).custody() as elsewhere, self.audit.custody() as audit:
            yield DividedCustody(elsewhere, {Purpose.AUDIT: audit})

    def store(self) -> DividedStore:  # type: ignore[override]  # the same keys, in two places
        assert self.audit is not None
        return DividedStore(KeySet(self.folder).store(), {Purpose.AUDIT: self.audit.store()})


@pytest.fixture
def halved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwoPlaces:
    """A handover was cut short between the two places."""
    folder = empty_key_set(tmp_path / "two").folder
    two = TwoPlaces(folder, audit=SealedFile(folder / "audit.sealed"))
    with two.custody() as custody:
        Held(folder).hold(custody)
    taken: list[object] = []
    real = SoftwareCustody.set_backup_key

    def cut_at_the_second(self: SoftwareCustody, secret: bytearray) -> None:
        if taken:
            raise Cut
        taken.append(self)
        real(self, secret)

    with monkeypatch.context() as patched:
        patched.setattr(SoftwareCustody, "set_backup_key", cut_at_the_second)
        with pytest.raises(Cut):
            hand_over(two, RESHARING_ONLY)
    assert kcv(two) == ""  # not one that both have
    return two


def test_it_begins_again_with_the_set_of_before(halved: TwoPlaces, tmp_path: Path) -> None:
    with pytest.raises(PlanRefused, match="shares the backup key anew"):
        hand_over(halved, OFFICERS_ONLY, out="officers")
    assert officers(halved) == {"satu.petugas"}
    hand_over(halved, RESHARING_ONLY, out="again")
    assert kcv(halved)
    (halved.folder / "handed").rename(halved.folder / "cut")
    (halved.folder / "again").rename(halved.folder / "handed")
    assert_whole(halved, empty_key_set(tmp_path / "lost"))


def test_no_other_set_has_anything_to_say(halved: TwoPlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = [replace(share, share_set="f0" * 8) for share in halved.shares(1, 2, 3)]
    with pytest.raises(ShareRefused, match="the back end has none"):
        hand_over(halved, RESHARING_ONLY, out="foreign", present=foreign)
    # Sabotage control: without a look at what the journal knows, a set that nobody split for these keys would be heard.
    monkeypatch.setattr(handover_module, "was_replaced_by_halves", lambda *_: True)
    assert hand_over(halved, RESHARING_ONLY, out="foreign-2", present=foreign)["shared_anew"] is True


def test_another_key_under_the_name_of_ours_is_found_before_anything_changes(
    made: KeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who can write to the folder, and has the backup key, could leave a key of his own there for the new custodians to keep."""
    key = next(key for key in made.store().descriptions() if key.purpose is Purpose.SEAL)
    his = wrapped_in_software(key, bytes(range(32)), bytes(combined(made.shares(1, 2, 3))))
    replace_protected(made.backups.path / file_name(key), his.encode())
    before = kcv(made)
    with pytest.raises(BackupRefused, match="the key in the back end"):
        hand_over(made, RESHARING_ONLY)
    assert kcv(made) == before
    # Sabotage control: without the look into the back end it shows once the new backup key is there already, and nothing can be finished.
    monkeypatch.setattr(
        "hsm.custody.rewrapping.check_of", lambda _, key: made.backups.read(file_name(key))[0].check_value.hex()
    )
    with pytest.raises(BackupRefused, match="the key that is at work"):
        hand_over(made, RESHARING_ONLY, out="late")
    assert kcv(made) != before
