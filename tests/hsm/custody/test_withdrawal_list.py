# SPDX-License-Identifier: Apache-2.0
"""The number of a list only rises, whatever happens to clock, journal and machine; and a verifier takes no list for newer than one it has seen."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.credentials import ca_withdrawals, jwks
from cardservice.credentials.ca_withdrawals import CaWithdrawals, Withdrawal
from cardservice.credentials.errors import WithdrawalsOlder, WithdrawalsRefused
from cardservice.keys import Purpose
from hsm.custody import withdrawal_list as module
from hsm.custody.journal import open_journal
from hsm.custody.statement import signed
from hsm.errors import CustodyJournalDamaged, PublicationFailed
from tests.hsm.custody.ceremonies import KeySet
from tests.hsm.custody.test_rotation import LATER, rotate
from tests.hsm.custody.test_withdrawal import DAY, followed, published, told, withdrawn
from tests.hsm.documents import NOW

__all__ = ["followed"]


def listed(made: KeySet, folder: Path) -> CaWithdrawals:
    published(made, folder)
    return told(made, folder)


def test_each_list_has_a_higher_number(made: KeySet, tmp_path: Path) -> None:
    numbers = [listed(made, tmp_path / str(turn)).number for turn in range(3)]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_under_a_clock_that_was_set_back_nothing_is_published(made: KeySet, tmp_path: Path) -> None:
    """Verifiers would refuse that list, having seen a later one."""
    made.clock.time += DAY
    first = listed(made, tmp_path / "web")
    made.clock.time -= timedelta(hours=1)
    with pytest.raises(PublicationFailed, match="the clock"):
        published(made, tmp_path / "web")
    made.clock.time += timedelta(hours=1)
    assert listed(made, tmp_path / "web").after(first).number > first.number


def test_the_journal_of_a_new_machine_begins_empty_and_the_number_still_rises(
    made: KeySet, lost: KeySet, tmp_path: Path
) -> None:
    before = [listed(made, tmp_path / str(turn)).number for turn in range(3)]
    lost.clock.time = made.clock() + DAY
    lost.restore(made.folder / "out" / "backup", made.shares(1, 2, 3))
    assert listed(lost, tmp_path / "new").number > before[-1]


def test_sabotage_counted_from_one_a_new_machine_would_be_refused_by_every_verifier(
    made: KeySet, lost: KeySet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = listed(made, tmp_path / "seen")
    monkeypatch.setattr(module, "_next_number", lambda journal, _: len(journal.of(module.PUBLISHED)) + 1)
    lost.clock.time = made.clock() + DAY
    lost.restore(made.folder / "out" / "backup", made.shares(1, 2, 3))
    with pytest.raises(WithdrawalsOlder):
        listed(lost, tmp_path / "new").after(seen)


def test_a_number_that_the_journal_lost_is_told(made: KeySet, tmp_path: Path) -> None:
    with open_journal(made.journal) as journal:
        journal.append(module.PUBLISHED, NOW, list_number="many")
    with pytest.raises(CustodyJournalDamaged):
        published(made, tmp_path / "web")


def test_a_list_names_what_is_to_be_believed(made: KeySet, followed: str, tmp_path: Path) -> None:
    both = listed(made, tmp_path / "before")
    assert len(both.authorities) == 2
    withdrawn(made, followed)
    after = listed(made, tmp_path / "after")
    assert after.authorities == both.authorities - {bytes.fromhex(followed)}
    with made.custody() as custody:
        assert after.authorities == {hashlib.sha256(custody.store.ca_certificate).digest()}
    keys = jwks.decode((tmp_path / "after" / "audit-keys.json").read_bytes())
    assert after.audit_keys == {ca_withdrawals.fingerprint(key) for key in keys}


def test_the_next_audit_key_is_named_before_it_signs(made: KeySet, tmp_path: Path) -> None:
    """So a verifier of before the rotation knows whom to believe after it."""
    seen = listed(made, tmp_path / "before")
    rotate(made, Purpose.AUDIT, at=LATER + DAY)
    between = listed(made, tmp_path / "between")
    (coming,) = between.audit_keys - seen.audit_keys
    made.clock.time = LATER + 2 * DAY
    published(made, tmp_path / "after")
    keys = jwks.decode((tmp_path / "after" / "audit-keys.json").read_bytes())
    document = (tmp_path / "after" / "card-ca-withdrawn.json").read_bytes()
    believed = [key for key in keys if ca_withdrawals.fingerprint(key) == coming]
    assert ca_withdrawals.read(document, audit_keys=believed, now=made.clock()).number > between.number


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 0},
        {"number": True},
        {"number": "7"},
        {"number": 1.5},
        {"authorities": "all"},
        {"authorities": ["00"]},
        {"audit_keys": [7]},
        {"withdrawn_keys": None},
        {"at": "2026-11-26T12:00:00"},
        {"kind": "kartu-ca-withdrawals/1"},
        {"kind": "kartu-key-attestation/1"},
    ],
    ids=str,
)
def test_what_the_audit_key_signed_is_still_read_strictly(
    made: KeySet, tmp_path: Path, changed: dict[str, Any]
) -> None:
    """Signed by the right key: the reader alone refuses it. As it was, the same document is read."""
    published(made, tmp_path)
    statement = json.loads((tmp_path / "card-ca-withdrawn.json").read_bytes())["statement"]
    with made.custody() as custody:
        other, same = (signed(one, custody.store, made.clock()) for one in (statement | changed, statement))
    assert told(made, tmp_path, same).number >= 1
    with pytest.raises(WithdrawalsRefused):
        told(made, tmp_path, other)


def a_list(number: int, days: int, *withdrawn_keys: str, ca: bytes = b"") -> CaWithdrawals:
    at = NOW + timedelta(days=days)
    gone = {ca: Withdrawal(bytes(32), ca, at, "stolen")} if ca else {}
    return CaWithdrawals(number, at, gone, frozenset(withdrawn_keys), frozenset(), frozenset())


@pytest.mark.parametrize(
    ("number", "days"),
    [(6, 1), (6, -1), (8, -1), (7, 1), (7, -1)],
    ids=["lower", "earlier", "later-but-before", "other-later", "other-earlier"],
)
def test_an_older_list_or_another_under_the_same_number_is_refused(number: int, days: int) -> None:
    with pytest.raises(WithdrawalsOlder) as refused:
        a_list(number, days).after(a_list(7, 0))
    assert (refused.value.evidence["number"], refused.value.evidence["seen_number"]) == (number, 7)


def test_the_same_list_again_and_a_newer_one_are_taken() -> None:
    seen = a_list(7, 0)
    assert a_list(7, 0).after(seen) == seen
    assert a_list(8, 1).after(seen).number == 8


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.sampled_from("abc")), max_size=12))
def test_whatever_comes_in_which_order_nothing_withdrawn_comes_back(offered: list[tuple[int, int, str]]) -> None:
    held, numbers, gone = a_list(1, 0), [1], set[str]()
    for number, days, name in offered:
        try:
            held = a_list(number, days, name, ca=name.encode()).after(held)
        except WithdrawalsOlder:
            continue
        gone.add(name)
        numbers.append(number)
        assert held.keys == gone
        assert set(held.by_key) == {one.encode() for one in gone}
    assert numbers == sorted(numbers)
