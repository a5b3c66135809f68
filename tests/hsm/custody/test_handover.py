# SPDX-License-Identifier: Apache-2.0
"""Custodians and officers change: by a quorum of those present, on record, and whole or not at all wherever the power goes."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from cardservice.keys import Purpose
from hsm.custody import handover as handover_module
from hsm.custody.ceremony import Room
from hsm.custody.conversation import Conversation
from hsm.custody.handover import Handover
from hsm.custody.handover_plan import parse_handover
from hsm.custody.journal import open_journal
from hsm.custody.key_record import check_of, fingerprint
from hsm.custody.quorum import split_among
from hsm.custody.share_file import HeldShare, combined, read_share
from hsm.custody.transcript_files import verified_transcript
from hsm.errors import (
    BackupRefused,
    CeremonyRefused,
    KeyNotActive,
    OfficerRefused,
    PlanRefused,
    ShareRefused,
    SharesTooFew,
    StatementRefused,
)
from hsm.limits.officers import Officers
from hsm.process.production import Environment
from tests.hsm.back_ends import CHEAP
from tests.hsm.custody.ceremonies import InventedSecrets, KeySet, passphrase
from tests.hsm.custody.test_rotation import LATER, rotate
from tests.hsm.officer_people import ANI, BUDI, CITRA

NEW = ("Siti Rahayu", "Budi Santoso", "Made Wirawan", "Dian Lestari")
PLAN = f"""
format = "kartu-handover/1"
scheme = "Skema Uji"
environment = "test"
store = "file:keys.sealed"
reason = "Agus Salim and Ratna Dewi left"
threshold = 2
custodians = {json.dumps(NEW)}
witnesses = ["Notaris Hartono"]
enrol = [{{name = "ani", point = "{ANI.point.hex()}"}}, {{name = "budi", point = "{BUDI.point.hex()}"}}]
dismiss = [{{name = "satu.petugas"}}]
"""
OFFICERS_ONLY = PLAN.replace(f"threshold = 2\ncustodians = {json.dumps(NEW)}\n", "")
CROWD = json.dumps([f"Orang {number}" for number in range(15)])
RESHARING_ONLY = PLAN[: PLAN.index("enrol = ")]


def hand_over(
    made: KeySet, text: str = PLAN, numbers: tuple[int, ...] = (1, 2, 3), *, out: str = "handed", **changed: Any
) -> dict[str, Any]:
    lines: list[str] = []
    with made.custody() as custody, open_journal(made.journal) as journal:
        room = Room(
            custody=custody,
            journal=journal,
            backups=made.backups,
            environment=changed.get("environment", Environment.TEST),
            conversation=Conversation(lines.append),
            clock=made.clock,
            randomness=os.urandom,
            secrets=InventedSecrets(),
            out=made.folder / out,
            cost=CHEAP,
        )
        present = changed.get("present", made.shares(*numbers) if numbers else [])
        return Handover(parse_handover(text.encode()), room, present).hold()


def new_shares(made: KeySet, *numbers: int, out: str = "handed") -> list[HeldShare]:
    files = sorted((made.folder / out / "shares").iterdir())
    return [read_share(files[number - 1], passphrase(NEW[number - 1])) for number in numbers]


def officers(made: KeySet) -> set[str]:
    with made.custody() as custody:
        Officers(custody.records())
        return {name.removeprefix("officer/") for name in custody.records() if name.startswith("officer/")}


def kcv(made: KeySet) -> str:
    with made.custody() as custody:
        return (custody.backup_key_check_value or b"").hex()


def assert_whole(made: KeySet, lost: KeySet, name: str = "carried away") -> None:
    """Every key is in a new backup, and the new quorum brings each back as it was."""
    backup = made.back_up(name)
    before = {key.kid: check_of(made.store(), key) for key in made.store().descriptions()}
    lost.restore(backup, new_shares(made, 1, 4))
    assert {key.kid: check_of(lost.store(), key) for key in lost.store().descriptions()} == before
    assert not (made.folder / "backups.next").exists()


def test_new_custodians_restore_and_the_earlier_shares_open_nothing_new(made: KeySet, lost: KeySet) -> None:
    carried_away = made.back_up("before")
    done = hand_over(made)
    assert (done["shared_anew"], done["enrolled"], done["dismissed"]) == (True, ["ani", "budi"], ["satu.petugas"])
    assert officers(made) == {"ani", "budi"}
    for backup in (made.folder / "handed" / "backup", made.back_up("after")):
        with pytest.raises(BackupRefused):
            lost.restore(backup, made.shares(1, 2, 3, 4, 5))
    # What the earlier set can still open is what was carried away before: the transcript says so, and it is true.
    lost.restore(carried_away, made.shares(1, 2, 3))
    text = (made.folder / "handed" / "transcript.txt").read_text()
    assert "It still opens every backup that was carried away before" in text
    for purpose in Purpose:
        assert str(purpose) in text


def test_a_new_quorum_restores_every_key(made: KeySet, lost: KeySet) -> None:
    hand_over(made)
    assert_whole(made, lost)


def test_rotation_goes_on_under_the_new_backup_key(made: KeySet, lost: KeySet) -> None:
    hand_over(made)
    rotate(made, Purpose.SEAL)
    assert_whole(made, lost)


def test_the_transcript_shows_every_group_and_holds(made: KeySet) -> None:
    hand_over(made)
    text = (made.folder / "handed" / "transcript.txt").read_text()
    assert "SERAH TERIMA KUNCI" in text
    for line in (
        "6 groups of 2 restore 15 of 15 keys:",
        "1+4 (Siti Rahayu, Dian Lestari): 15",
        "4 groups of 1 restore none:",
    ):
        assert line in text
    assert f"officer/ani: key {fingerprint(ANI.point)}" in text
    for name in (*NEW, "Notaris Hartono"):
        assert text.count(f": {name}\n") >= 1
    trusted = {
        fingerprint(made.store().verifying_point(key))
        for key in made.store().descriptions()
        if key.purpose is Purpose.AUDIT
    }
    verified_transcript(made.folder / "handed", trusted)
    (made.folder / "handed" / "transcript.txt").write_text(text.replace("Dian", "Diam"))
    with pytest.raises(StatementRefused):
        verified_transcript(made.folder / "handed", trusted)


def test_no_secret_is_written_down(made: KeySet) -> None:
    hand_over(made)
    with made.custody() as custody:
        secrets = [key.secret for key in custody.bundle.keys] + [custody.bundle.backup_key]  # type: ignore[attr-defined]  # the software form
    files = [path for path in made.folder.rglob("*") if path.is_file() and path.name != "keys.sealed"]
    contents = [path.read_bytes().lower() for path in files]
    for secret in secrets:
        assert not any(secret in content or secret.hex().encode() in content for content in contents)


def test_officers_alone(made: KeySet, lost: KeySet) -> None:
    before = kcv(made)
    assert hand_over(made, OFFICERS_ONLY)["shared_anew"] is False
    assert (officers(made), kcv(made)) == ({"ani", "budi"}, before)
    lost.restore(made.folder / "handed" / "backup", made.shares(3, 4, 5))
    assert officers(lost) == {"ani", "budi"}


def test_an_officer_gets_a_new_key(made: KeySet) -> None:
    hand_over(made, OFFICERS_ONLY)
    again = OFFICERS_ONLY[: OFFICERS_ONLY.index("enrol = ")]
    hand_over(made, again + f'enrol = [{{name = "ani", point = "{CITRA.point.hex()}"}}]\n', out="again")
    text = (made.folder / "again" / "transcript.txt").read_text()
    assert f"instead of {fingerprint(ANI.point)}" in text


@pytest.mark.parametrize(
    ("numbers", "error"), [((), SharesTooFew), ((1,), SharesTooFew), ((1, 5), SharesTooFew), ((1, 1, 2), ShareRefused)]
)
def test_less_than_a_quorum_changes_nothing(made: KeySet, numbers: tuple[int, ...], error: type[Exception]) -> None:
    before = (kcv(made), officers(made))
    with pytest.raises(error):
        hand_over(made, numbers=numbers)
    assert (kcv(made), officers(made)) == before
    assert not (made.folder / "handed").exists()


def test_the_earlier_quorum_has_nothing_to_say_any_more(made: KeySet) -> None:
    hand_over(made, RESHARING_ONLY)
    with pytest.raises(ShareRefused, match="an earlier set opens nothing here"):
        hand_over(made, OFFICERS_ONLY, (1, 2, 3), out="second")
    assert officers(made) == {"satu.petugas"}
    hand_over(made, OFFICERS_ONLY, out="third", present=new_shares(made, 2, 3))
    assert officers(made) == {"ani", "budi"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (PLAN[: PLAN.index("threshold")] + 'witnesses = ["Notaris Hartono"]\n', "changes custodians or officers"),
        (PLAN.replace("threshold = 2", "threshold = 5"), "at least as many custodians"),
        (PLAN.replace("threshold = 2", "threshold = 7").replace(json.dumps(NEW), CROWD), "at most 5000 groups"),
        (PLAN.replace('"satu.petugas"', '"ani"'), "each officer once"),
        (PLAN.replace(BUDI.point.hex(), ANI.point.hex()), "key of his own"),
        (PLAN.replace("kartu-handover/1", "kartu-ceremony/1"), "has format"),
        (PLAN.replace("reason", "raeson"), "reason"),
        (PLAN.replace('"satu.petugas"', '"Satu Petugas"'), "small letters"),
        (PLAN + "surprise = 1\n", "surprise is not known"),
    ],
)
def test_a_plan_that_can_not_be_meant(text: str, rule: str) -> None:
    with pytest.raises(PlanRefused, match=rule):
        parse_handover(text.encode())


def test_a_plan_for_elsewhere_and_officers_who_are_none(made: KeySet) -> None:
    with pytest.raises(PlanRefused, match="KARTU_ENV"):
        hand_over(made, environment=Environment.DEVELOPMENT)
    with pytest.raises(OfficerRefused, match="is an officer"):
        hand_over(made, PLAN.replace('"satu.petugas"', '"dua.petugas"'))
    made.clock.time = LATER.replace(year=LATER.year + 2)
    with pytest.raises(KeyNotActive):
        hand_over(made, out="too late")  # nobody could sign the transcript
    assert officers(made) == {"satu.petugas"}


class Cut(BaseException):
    """The power goes."""


def cutting(real: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    def cut(*arguments: Any, **named: Any) -> Any:
        if after:
            real(*arguments, **named)
        raise Cut

    return cut


BEFORE_IT_TAKES_OVER = {"_open": "after", "_split": "after", "_try_every_group": "after", "_take_over": "before"}
ONCE_IT_TOOK_OVER = {
    "_take_over": "after",
    "_replace_backup_key": "after",
    "_change_officers": "before",
    "_back_up": "after",
}


@pytest.mark.parametrize(("stage", "when"), BEFORE_IT_TAKES_OVER.items())
def test_cut_short_before_it_takes_over_nothing_changed(
    made: KeySet, lost: KeySet, stage: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (kcv(made), officers(made))
    with monkeypatch.context() as patched:
        patched.setattr(Handover, stage, cutting(getattr(Handover, stage), after=when == "after"))
        with pytest.raises(Cut):
            hand_over(made)
    assert (kcv(made), officers(made)) == before
    made.back_up("still whole")
    hand_over(made, out="second")
    assert officers(made) == {"ani", "budi"}
    with pytest.raises(BackupRefused):
        lost.restore(made.folder / "second" / "backup", made.shares(1, 2, 3))
    lost.restore(made.folder / "second" / "backup", new_shares(made, 2, 4, out="second"))


@pytest.mark.parametrize(("stage", "when"), ONCE_IT_TOOK_OVER.items())
def test_cut_short_once_it_took_over_it_is_finished_without_any_secret(
    made: KeySet, lost: KeySet, stage: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Handover, stage, cutting(getattr(Handover, stage), after=when == "after"))
        with pytest.raises(Cut):
            hand_over(made)
    with pytest.raises(CeremonyRefused, match="--out handed"):
        hand_over(made, RESHARING_ONLY, out="another")
    hand_over(made, numbers=())
    assert officers(made) == {"ani", "budi"}
    text = (made.folder / "handed" / "transcript.txt").read_text()
    assert [line[:2] for line in text.splitlines() if line[:1].isdigit()] == [f"{number}." for number in range(1, 9)]
    assert "6 groups of 2 restore" in text
    assert_whole(made, lost)


def test_cut_short_between_the_two_a_rotation_loses_no_key(
    made: KeySet, lost: KeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The back end has the new backup key, the folder beside it the earlier wrapped keys: no backup is written until it is finished."""
    with monkeypatch.context() as patched:
        patched.setattr(Handover, "_replace_backup_key", cutting(Handover._replace_backup_key, after=False))
        with pytest.raises(Cut):
            hand_over(made)
    with pytest.raises(BackupRefused, match="backup key in use"):
        made.back_up("mixed")
    rotate(made, Purpose.COVER_PROOF)
    hand_over(made, numbers=())
    assert_whole(made, lost)


def test_sabotage_the_same_backup_key_shared_anew_is_seen(made: KeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The named change: new shares of the earlier backup key. The earlier shares would open everything that is made from now on."""

    earlier = bytes(combined(made.shares(1, 2, 3)))

    def as_before(backup_key: bytearray, *rest: Any) -> list[HeldShare]:
        backup_key[:] = earlier
        return split_among(backup_key, *rest)

    monkeypatch.setattr(handover_module, "split_among", as_before)
    with pytest.raises(CeremonyRefused, match="nothing less than a new quorum"):
        hand_over(made)


def test_sabotage_without_a_look_at_the_set_a_foreign_quorum_would_enrol(
    made: KeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over(made, RESHARING_ONLY)
    monkeypatch.setattr(handover_module.Handover, "_open", lambda *_: None)
    hand_over(made, OFFICERS_ONLY, (1, 2, 3), out="second")
    assert officers(made) == {"ani", "budi"}
