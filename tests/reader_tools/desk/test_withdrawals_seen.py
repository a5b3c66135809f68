# SPDX-License-Identifier: Apache-2.0
"""What a desk remembers of lists of withdrawals: the newest one, whose signature counts, and nothing that was refused."""

import json
import os
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from cardservice.credentials import ca_withdrawals, jwks
from cardservice.credentials.errors import WithdrawalsOlder, WithdrawalsRefused
from cardservice.keys import Purpose, VerifyingKey
from hsm.custody.statement import signed
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from reader_tools.desk import withdrawals_seen as module
from reader_tools.desk.errors import DeskMemoryDamaged, WithdrawalsNotSeen
from reader_tools.desk.withdrawals_seen import Taken, WithdrawalsSeen
from reader_tools.errors import DataFolderUnusable
from tests.hsm.documents import NOW

DAY = timedelta(days=1)
SCHEME = "https://kartu.example"


def a_store(seed: int) -> SoftwareStore:
    return SoftwareStore(development_keys(NOW, random.Random(seed).randbytes), os.urandom)


OURS, NEXT, STRANGER = (a_store(seed) for seed in (1, 2, 3))


def audit_key(store: SoftwareStore) -> VerifyingKey:
    (found,) = [key for key in store.descriptions() if key.purpose is Purpose.AUDIT]
    return VerifyingKey(found.kid, store.verifying_point(found))


def fingerprint(store: SoftwareStore) -> str:
    return ca_withdrawals.fingerprint(audit_key(store)).hex()


def a_list(
    number: int,
    *,
    days: int = 0,
    by: SoftwareStore = OURS,
    naming: Sequence[SoftwareStore] = (OURS,),
    keys: Sequence[str] = (),
) -> bytes:
    at = NOW + days * DAY
    statement: dict[str, object] = {
        "kind": ca_withdrawals.KIND,
        "number": number,
        "at": at,
        "withdrawn": [],
        "withdrawn_keys": list(keys),
        "authorities": [],
        "audit_keys": [fingerprint(each) for each in naming],
    }
    return signed(statement, by, NOW)


@dataclass
class Verifier:
    seen: WithdrawalsSeen

    def take(
        self, document: bytes, *, days: int = 0, offered: Sequence[SoftwareStore] = (OURS,), anchor: str | None = None
    ) -> Taken:
        return self.seen.take(document, [audit_key(each) for each in offered], now=NOW + days * DAY, anchor=anchor)

    @property
    def number(self) -> int | None:
        found = self.seen.recall()
        return None if found is None else found.number


@pytest.fixture
def desk(tmp_path: Path) -> Verifier:
    return Verifier(WithdrawalsSeen(tmp_path / "seen", SCHEME))


def test_the_first_list_is_told_to_be_the_first_and_the_next_is_not(desk: Verifier) -> None:
    assert desk.seen.recall() is None
    with pytest.raises(WithdrawalsNotSeen):
        desk.seen.fresh(NOW)
    assert desk.take(a_list(1)).first is True
    assert desk.take(a_list(2, days=1), days=1).first is False
    assert desk.seen.fresh(NOW + 36 * DAY).number == 2
    with pytest.raises(WithdrawalsRefused, match="35 days"):
        desk.seen.fresh(NOW + 37 * DAY)
    assert desk.number == 2  # what was withdrawn by then still is


def test_an_older_list_is_refused_and_what_is_remembered_stays(desk: Verifier) -> None:
    older, newer = a_list(1, keys=["AAAAAAAAAAA"]), a_list(2, days=1, keys=["AAAAAAAAAAA", "BBBBBBBBBBB"])
    desk.take(newer, days=1)
    before = desk.seen.path.read_bytes()
    with pytest.raises(WithdrawalsOlder):
        desk.take(older, days=1)
    assert desk.seen.path.read_bytes() == before
    # With the line down this is what counts, and another process of the desk sees it too.
    assert WithdrawalsSeen(desk.seen.folder, SCHEME).fresh(NOW + DAY).keys == {"AAAAAAAAAAA", "BBBBBBBBBBB"}


def test_sabotage_without_the_comparison_the_older_list_is_believed(
    desk: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.take(a_list(2, days=1, keys=["BBBBBBBBBBB"]), days=1)
    monkeypatch.setattr(ca_withdrawals.CaWithdrawals, "after", lambda self, _: self)
    assert desk.take(a_list(1), days=1).withdrawals.keys == frozenset()


def test_what_was_withdrawn_once_stays_where_a_newer_list_forgets_it(desk: Verifier) -> None:
    """A scheme that restored an old backup, say."""
    desk.take(a_list(1, keys=["AAAAAAAAAAA"]))
    assert desk.take(a_list(2)).withdrawals.keys == {"AAAAAAAAAAA"}
    desk.take(a_list(3))
    recalled = desk.seen.recall()
    assert recalled is not None
    assert recalled.keys == {"AAAAAAAAAAA"}


def test_a_strangers_list_with_the_strangers_key_beside_it(desk: Verifier) -> None:
    """A mirror that gives out its own audit-keys.json: nobody who has seen a list of ours believes it, whatever its number."""
    desk.take(a_list(1))
    forged = a_list(10**6, by=STRANGER, naming=[STRANGER])
    for offered in ([STRANGER], [OURS, STRANGER]):
        with pytest.raises(WithdrawalsRefused, match="audit key"):
            desk.take(forged, offered=offered)
    assert desk.number == 1


def test_sabotage_whoever_trusts_what_comes_beside_the_list_believes_the_stranger(
    desk: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.take(a_list(1))
    monkeypatch.setattr(module, "_trusted", lambda _, offered, __: list(offered))
    assert desk.take(a_list(10**6, by=STRANGER, naming=[STRANGER]), offered=[STRANGER]).withdrawals.number == 10**6


def test_the_next_audit_key_is_believed_once_a_list_named_it(desk: Verifier) -> None:
    after = a_list(3, days=2, by=NEXT, naming=[NEXT])
    desk.take(a_list(1))
    with pytest.raises(WithdrawalsRefused, match="audit key"):
        desk.take(after, days=2, offered=[NEXT])
    desk.take(a_list(2, days=1, naming=[OURS, NEXT]), days=1, offered=[OURS, NEXT])
    desk.take(after, days=2, offered=[NEXT])
    # And the earlier one, which the last list named no more, signs nothing here.
    with pytest.raises(WithdrawalsRefused, match="audit key"):
        desk.take(a_list(4, days=3), days=3, offered=[OURS, NEXT])


def test_a_named_fingerprint_is_the_anchor(desk: Verifier) -> None:
    """The first time, and after an audit key was replaced at once: as the scheme told it another way."""
    with pytest.raises(WithdrawalsRefused, match="audit key"):
        desk.take(a_list(1, by=STRANGER), offered=[OURS, STRANGER], anchor=fingerprint(OURS))
    desk.take(a_list(1, keys=["AAAAAAAAAAA"]), anchor=fingerprint(OURS).upper())
    moved = desk.take(a_list(2, by=NEXT, naming=[NEXT]), offered=[NEXT], anchor=fingerprint(NEXT))
    assert moved.withdrawals.keys == {"AAAAAAAAAAA"}
    with pytest.raises(WithdrawalsOlder):  # an anchor is no way back
        desk.take(a_list(1, by=NEXT, naming=[NEXT]), offered=[NEXT], anchor=fingerprint(NEXT))


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda content: content[:-1],
        lambda content: content.replace(SCHEME.encode(), b"https://another.example"),
        lambda content: content.replace(b'\\"number\\": 7', b'\\"number\\": 1'),
        lambda _: b"[" * 100_000,
        lambda content: content + b" " * module.MAX_LENGTH,
        lambda content: json.dumps(json.loads(content) | {"withdrawn": {"certificates": [{}], "keys": []}}).encode(),
    ],
    ids=["empty", "cut", "another scheme", "number", "deep", "long", "withdrawn"],
)
def test_a_memory_that_is_damaged_is_told_and_begins_anew_only_from_an_anchor(
    desk: Verifier, damage: Callable[[bytes], bytes]
) -> None:
    desk.take(a_list(7))
    content = desk.seen.path.read_bytes()
    assert damage(content) != content
    desk.seen.path.write_bytes(damage(content))
    for ask in (desk.seen.recall, lambda: desk.take(a_list(8))):
        with pytest.raises(DeskMemoryDamaged):
            ask()
    assert desk.take(a_list(8), anchor=fingerprint(OURS)).first is True
    assert desk.number == 8


def test_each_scheme_is_remembered_for_itself(desk: Verifier) -> None:
    other = Verifier(WithdrawalsSeen(desk.seen.folder, "https://other.example"))
    desk.take(a_list(9))
    assert other.take(a_list(1, by=STRANGER, naming=[STRANGER]), offered=[STRANGER]).first is True
    assert (desk.number, other.number) == (9, 1)


def test_whoever_comes_at_once_the_newest_is_remembered(desk: Verifier) -> None:
    lists = [a_list(number) for number in range(1, 17)]
    random.Random(5).shuffle(lists)

    def take(document: bytes) -> None:
        with suppress(WithdrawalsOlder):
            desk.take(document)

    threads = [threading.Thread(target=take, args=[each]) for each in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.number == 16
    assert [each.name for each in desk.seen.folder.iterdir() if each.name.endswith(".new")] == []


def test_where_nothing_can_be_remembered_nothing_is_believed(desk: Verifier) -> None:
    desk.seen.folder.write_text("a file where the folder should be")
    with pytest.raises(DataFolderUnusable):
        desk.take(a_list(1))


def test_a_write_that_was_cut_short_leaves_what_was_there(desk: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.take(a_list(1))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DataFolderUnusable):
            desk.take(a_list(2))
    assert desk.number == 1
    assert desk.take(a_list(2)).withdrawals.number == 2
    assert jwks.decode(json.dumps(json.loads(desk.seen.path.read_bytes())["audit_keys"]).encode()) == [audit_key(OURS)]
