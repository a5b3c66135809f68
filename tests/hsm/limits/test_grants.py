# SPDX-License-Identifier: Apache-2.0
"""Mass unsealing needs two people: what a grant must be, tried through the key process's own operations, and each rule's control."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from cardservice.clock import monotonic
from hsm.client.key_process import KeyProcess
from hsm.errors import AnomalyRefused, GrantRefused, HsmError, OfficerRefused, StateUnusable
from hsm.in_process import InProcessKeys, NoncesInMemory
from hsm.limits import grants
from hsm.limits.grants import Deed, Grant, Statement
from hsm.limits.officers import Officers, officer_record
from hsm.limits.spent_nonces import SpentNonces
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import NOW
from tests.hsm.officer_people import ANI, BUDI, CITRA, ENROLLED, REASON, STRANGER, Officer, granted
from tests.hsm.running import Recorder, SetClock, serving

CONTEXTS = [f"member/nik/{n}" for n in range(3)]
SECONDS = int(NOW.timestamp())


@dataclass
class Opened:
    keys: InProcessKeys
    values: list[tuple[str, bytes]]
    clock: SetClock

    def try_with(self, grant: Grant, reason: str = REASON) -> list[bytes]:
        return self.keys.sealer.unseal_many(self.values, reason=reason, grant=grant)


@pytest.fixture
def opened(store: SoftwareStore, clock: SetClock) -> Opened:
    keys = InProcessKeys(store, clock=clock, monotonic=monotonic, records=ENROLLED)
    sealed = keys.sealer.seal([(context, context.encode()) for context in CONTEXTS])
    return Opened(keys, list(zip(CONTEXTS, sealed, strict=True)), clock)


def test_two_officers_open_many_and_it_is_recorded(opened: Opened) -> None:
    assert opened.try_with(granted(CONTEXTS, BUDI, ANI)) == [context.encode() for context in CONTEXTS]
    assert opened.keys.recorded[0] == f"unseal-many values=3 by={os.geteuid()} officers=ani,budi reason=audit sample 7"
    assert len(opened.keys.recorded) == 4


def forged(officer: Officer, name: str) -> Grant:
    grant = granted(CONTEXTS, ANI, officer)
    return Grant(grant.statement, [grant.signatures[0], (name, grant.signatures[1][1])])


def altered(**changes: object) -> Grant:
    grant = granted(CONTEXTS, ANI, BUDI)
    changed = replace(Statement.decode(grant.statement), **changes)  # type: ignore[arg-type]  # each test names real fields
    return Grant(changed.encode(), grant.signatures)


REFUSED: dict[str, tuple[Grant, str]] = {
    "one officer": (granted(CONTEXTS, ANI), "2 different officers"),
    "one officer twice": (granted(CONTEXTS, ANI, ANI), "2 different officers"),
    "one under two names": (forged(ANI, "budi"), "each signature holds"),
    "a stranger": (granted(CONTEXTS, ANI, STRANGER), "enrolled officer"),
    "a stranger under an officer's name": (forged(STRANGER, "budi"), "each signature holds"),
    "a third, wrong signature": (
        Grant(granted(CONTEXTS, ANI, BUDI).statement, [*granted(CONTEXTS, ANI, BUDI).signatures, ("citra", bytes(64))]),
        "each signature holds",
    ),
    "nobody": (Grant(granted(CONTEXTS).statement, [("ani", b"\x01" * 64), ("budi", b"\x01" * 64)]), "signature holds"),
    "other contexts": (granted(["member/nik/9", *CONTEXTS[1:]], ANI, BUDI), "exactly these"),
    "fewer contexts": (granted(CONTEXTS[:2], ANI, BUDI), "exactly these"),
    "more contexts": (granted([*CONTEXTS, "member/nik/3"], ANI, BUDI), "exactly these"),
    "another order": (granted(CONTEXTS[::-1], ANI, BUDI), "exactly these"),
    "another reason": (granted(CONTEXTS, ANI, BUDI, reason="curiosity"), "reason"),
    "another deed": (granted(CONTEXTS, ANI, BUDI, deed=Deed.LIFT_ANOMALY), "for unseal-many"),
    "run out": (granted(CONTEXTS, ANI, BUDI, not_after=SECONDS), "run out"),
    "good for too long": (granted(CONTEXTS, ANI, BUDI, not_after=SECONDS + 3601), "within 3600 seconds"),
    "prolonged after signing": (altered(not_after=SECONDS + 1200), "each signature holds"),
    "another nonce after signing": (altered(nonce=bytes(16)), "each signature holds"),
    "no statement": (Grant(b"\x80", granted(CONTEXTS, ANI, BUDI).signatures), "a statement has"),
    "no CBOR": (Grant(b"\xff", granted(CONTEXTS, ANI, BUDI).signatures), "strict CBOR"),
}


@pytest.mark.parametrize(("grant", "rule"), REFUSED.values(), ids=REFUSED)
def test_a_grant_that_is_none_opens_nothing(opened: Opened, grant: Grant, rule: str) -> None:
    with pytest.raises(GrantRefused, match=rule):
        opened.try_with(grant)
    assert opened.keys.recorded == []


def test_a_grant_is_used_once(opened: Opened) -> None:
    grant = granted(CONTEXTS, ANI, CITRA)
    opened.try_with(grant)
    with pytest.raises(GrantRefused, match="used once"):
        opened.try_with(grant)


def test_a_refused_grant_is_not_used_up(opened: Opened) -> None:
    grant = granted(CONTEXTS, ANI, CITRA)
    with pytest.raises(GrantRefused, match="reason"):
        opened.try_with(grant, reason="another")
    assert len(opened.try_with(grant)) == 3


def test_a_grant_dies_with_its_end(opened: Opened) -> None:
    opened.clock.time = NOW + timedelta(seconds=600)
    with pytest.raises(GrantRefused, match="run out"):
        opened.try_with(granted(CONTEXTS, ANI, BUDI))


def test_a_value_that_does_not_open_fails_all(opened: Opened) -> None:
    opened.values[1] = (opened.values[1][0], opened.values[0][1])
    with pytest.raises(HsmError, match="hsm-unseal-refused"):
        opened.try_with(granted(CONTEXTS, ANI, BUDI))


def test_a_grant_is_used_once_whichever_worker_and_after_a_restart(bundle: KeyBundle, clock: SetClock) -> None:
    """Two servers, one after the other, over one state folder: what a restart of the key process is."""
    recorder = Recorder()
    enrolled = replace(bundle, records=ENROLLED)
    grant = granted(CONTEXTS, ANI, BUDI)
    with serving(enrolled, clock, recorder=recorder) as path, KeyProcess(path) as keys:
        sealed = keys.sealer.seal([(context, b"x") for context in CONTEXTS])
        values = list(zip(CONTEXTS, sealed, strict=True))
        assert keys.sealer.unseal_many(values, reason=REASON, grant=grant) == [b"x"] * 3
        state = path.parent / "state"
        with (
            serving(enrolled, clock, state=state) as again,
            KeyProcess(again) as later,
            pytest.raises(GrantRefused, match="used once"),
        ):
            later.sealer.unseal_many(values, reason=REASON, grant=grant)
    assert recorder.lines[0] == f"unseal-many values=3 by={os.geteuid()} officers=ani,budi reason=audit sample 7"


def test_used_grants_are_forgotten_a_day_after_their_end(tmp_path: Path) -> None:
    nonces = SpentNonces(tmp_path / "used")
    nonces.spend(b"a" * 16, 1000, 500)
    nonces.spend(b"b" * 16, 90_000, 1000 + 86_400)
    assert len(list((tmp_path / "used").iterdir())) == 2
    nonces.spend(b"c" * 16, 90_000, 1001 + 86_400)
    assert sorted(path.name[:5] for path in (tmp_path / "used").iterdir()) == ["90000", "90000"]


def test_a_use_that_can_not_be_written_down_is_refused(tmp_path: Path) -> None:
    nonces = SpentNonces(tmp_path / "used")
    (tmp_path / "used").rmdir()
    with pytest.raises(StateUnusable):
        nonces.spend(bytes(16), 1000, 500)


def test_two_officers_with_one_key_are_one_person() -> None:
    with pytest.raises(OfficerRefused, match="key of his own"):
        Officers(dict([officer_record("ani", ANI.point), officer_record("budi", ANI.point)]))


@pytest.mark.parametrize(
    ("name", "point"),
    [("Ani", ANI.point), ("", ANI.point), ("a/b", ANI.point), ("ani", ANI.point[:-1]), ("ani", b"\x04" + bytes(64))],
)
def test_what_is_no_officer_is_refused(name: str, point: bytes) -> None:
    with pytest.raises(OfficerRefused):
        officer_record(name, point)


def test_an_officer_lifts_an_anomaly_limit(opened: Opened) -> None:
    uid = os.geteuid()
    with pytest.raises(AnomalyRefused):
        opened.keys._safeguards.anomaly_limit.spend(uid, "unseal-many", 10_000_000)
    with pytest.raises(AnomalyRefused):
        opened.try_with(granted(CONTEXTS, ANI, BUDI))
    other = granted(["seal", uid], CITRA, deed=Deed.LIFT_ANOMALY)
    with pytest.raises(GrantRefused, match="exactly these"):
        opened.keys.lift_anomaly("unseal-many", uid, reason=REASON, grant=other)
    grant = granted(["unseal-many", uid], CITRA, deed=Deed.LIFT_ANOMALY, nonce=bytes(16))
    opened.keys.lift_anomaly("unseal-many", uid, reason=REASON, grant=grant)
    assert opened.keys.recorded == [
        f"lift-anomaly operation=unseal-many uid={uid} by={os.geteuid()} officers=citra reason=audit sample 7"
    ]
    assert len(opened.try_with(granted(CONTEXTS, ANI, BUDI))) == 3


# Sabotage controls: without its rule, each of these grants would have opened everything.


def without_rule(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``_require`` forgets one rule."""
    original = grants._require

    def forgetful(*, holds: bool, rule: str, left_out: str = rule) -> None:
        if left_out not in rule:
            original(holds=holds, rule=rule)

    monkeypatch.setattr(grants, "_require", forgetful)


@pytest.mark.parametrize(
    "name",
    ["one officer", "one officer twice", "one under two names", "other contexts", "another reason", "run out",
     "good for too long", "prolonged after signing", "another deed"],
)  # fmt: skip
def test_sabotage_without_its_rule_the_grant_opens(opened: Opened, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    grant, rule = REFUSED[name]
    without_rule(rule, monkeypatch)
    assert len(opened.try_with(grant)) == 3


def test_sabotage_an_unknown_officer_needs_two_rules_to_go(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    without_rule("enrolled officer", monkeypatch)
    with pytest.raises(GrantRefused, match="signature holds"):
        opened.try_with(REFUSED["a stranger"][0])
    without_rule("signature holds", monkeypatch)
    assert len(opened.try_with(REFUSED["a stranger"][0])) == 3


def test_sabotage_nonces_that_are_forgotten_open_twice(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    forgetful: Callable[..., None] = lambda *_: None  # noqa: E731 - it stands for a method
    monkeypatch.setattr(NoncesInMemory, "spend", forgetful)
    grant = granted(CONTEXTS, ANI, BUDI)
    assert opened.try_with(grant) == opened.try_with(grant)
