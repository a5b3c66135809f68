# SPDX-License-Identifier: Apache-2.0
"""A backup of before a handover, brought back where the handover was held: who handed over gets nothing back, and who was dismissed stays so."""

from datetime import timedelta
from pathlib import Path

import pytest

from hsm.custody import restoring
from hsm.errors import BackupRefused
from hsm.stores.software_custody import SoftwareCustody
from tests.hsm.custody.ceremonies import KeySet
from tests.hsm.custody.test_handover import OFFICERS_ONLY, PLAN, hand_over, kcv, officers


@pytest.fixture
def earlier(made: KeySet) -> Path:
    """A backup that an earlier custodian kept; a day later there is a handover."""
    kept = made.back_up("kept")
    made.clock.time += timedelta(days=1)
    return kept


def test_earlier_custodians_do_not_take_the_keys_back_over(
    made: KeySet, earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kcv(made)
    hand_over(made, PLAN)
    after = kcv(made)
    with pytest.raises(BackupRefused, match="under the backup key in use"):
        made.restore(earlier, made.shares(1, 2, 3))
    assert (kcv(made), officers(made)) == (after, {"ani", "budi"})
    # Sabotage control: not asked which backup key is in use, it would be theirs again.
    with monkeypatch.context() as patched:
        patched.setattr(SoftwareCustody, "backup_key_check_value", None)
        made.restore(earlier, made.shares(1, 2, 3))
    assert kcv(made) == before


def test_a_dismissed_officer_does_not_come_back_with_an_earlier_backup(
    made: KeySet, earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over(made, OFFICERS_ONLY)
    made.restore(earlier, made.shares(1, 2, 3))
    assert officers(made) == {"ani", "budi"}
    # Sabotage control: as the backup has them.
    monkeypatch.setattr(restoring, "officers_since", lambda *_: None)
    made.restore(earlier, made.shares(1, 2, 3))
    assert officers(made) == {"ani", "budi", "satu.petugas"}


def test_what_a_later_backup_says_of_officers_stands(made: KeySet, lost: KeySet) -> None:
    """Handed over here, carried to another machine, changed there and brought back: this journal knows only the first change."""
    hand_over(made, OFFICERS_ONLY)
    made.clock.time += timedelta(days=1)
    lost.clock.time = made.clock.time
    lost.restore(made.back_up("carried"), made.shares(1, 2, 3))
    dismissing = OFFICERS_ONLY[: OFFICERS_ONLY.index("enrol = ")] + 'dismiss = [{name = "ani"}]\n'
    hand_over(lost, dismissing, (), present=made.shares(1, 2, 3))
    lost.clock.time += timedelta(days=1)
    with made.custody() as custody:
        custody.drop_record("officer/ani")  # what a lost machine has of it: nothing
    made.restore(lost.back_up("home"), made.shares(1, 2, 3))
    assert officers(made) == {"budi"}
