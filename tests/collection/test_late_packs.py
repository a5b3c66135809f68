# SPDX-License-Identifier: Apache-2.0
"""A rule pack that comes after its day changes nothing that was answered before: the same question by the same knowledge is told the same, to the byte."""

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from cardservice.collection import packs_taken_in
from cardservice.collection.errors import RulePackAltered, RulePackGone
from cardservice.collection.explain import Explanation
from cardservice.collection.packs_taken_in import take_in
from cardservice.coverage.late_packs import late_packs
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.programme import Programme
from cardservice.enrolment.pack_effect import effect_of
from cardservice.records import audit_events, taken_packs
from cardservice.records.database import Database
from cardservice.records.taken_packs import TakenPack
from tests.collection.test_explain import START, Books
from tests.coverage.ledgers import at
from tests.coverage.pack_folder import PackFolder, pack_folder

FIRST_DAY = at("2025-12-22 00:00")
LATE = START + timedelta(days=100)  # the 3rd of March 2027


@pytest.fixture
def packs(tmp_path: Path) -> PackFolder:
    return pack_folder(tmp_path / "packs")


def taken(database: Database) -> tuple[TakenPack, ...]:
    with database.read() as connection:
        return taken_packs.every(connection)


def octets(told: Explanation) -> bytes:
    return json.dumps(asdict(told), default=_plain, sort_keys=True).encode()


def _plain(value: object) -> object:
    return sorted(map(str, value)) if isinstance(value, frozenset) else str(value)


@pytest.fixture
def asked(database: Database, packs: PackFolder) -> tuple[Books, datetime, Explanation]:
    """Somebody paid one month; in January somebody asked about the 10th of January; then a pack came in March, with a day in November."""
    books = Books(database, take_in(database, packs.load(), START))
    books.pays(8_400)
    books.now = START + timedelta(days=50)
    knew = books.now
    told = books.explained(Programme.JKM, at("2027-01-10 09:00"))
    assert (told.rule_pack, bool(told.decision)) == (1, True)  # by three months of grace
    packs.put(
        "late",
        ("number: 1", "number: 2"),
        ('dated: "2025-12-22"', 'dated: "2026-11-15"'),
        ("months: 3\n", "months: 1\n"),
        ("minimum_rupiah: 6800", "minimum_rupiah: 9800"),
    )
    books.now = LATE
    books.packs = take_in(database, packs.load(), LATE)
    return books, knew, told


def test_what_was_said_then_is_said_again_and_a_new_answer_goes_by_the_new_pack(
    asked: tuple[Books, datetime, Explanation],
) -> None:
    books, knew, told = asked
    event = at("2027-01-10 09:00")
    assert octets(books.explained(Programme.JKM, event, knew)) == octets(told)
    anew = books.explained(Programme.JKM, event)
    assert (anew.rule_pack, bool(anew.decision)) == (2, False)
    assert anew.decision == books.hot(Programme.JKM, event)
    # The next payment allocates by the new pack, and what was known in January stays what it was.
    books.pays(8_400)
    assert octets(books.explained(Programme.JKM, event, knew)) == octets(told)


def test_sabotage_without_the_moment_the_late_pack_rewrites_the_past(
    asked: tuple[Books, datetime, Explanation],
) -> None:
    """Sabotage: packs have a day only, as before."""
    books, knew, told = asked
    books.packs = PacksInForce.of(books.packs.packs)
    again = books.explained(Programme.JKM, at("2027-01-10 09:00"), knew)
    assert (again.rule_pack, bool(again.decision)) == (2, False)
    assert octets(again) != octets(told)


def test_the_first_packs_are_known_since_their_day_and_later_ones_since_they_came(
    database: Database, packs: PackFolder
) -> None:
    packs.put_two_months_of_grace("2027-01-01")
    first = take_in(database, packs.load(), START)
    assert first.known_from == {1: FIRST_DAY, 2: START}
    assert first.at(at("2027-01-02 00:00"), known_at=START).number == 2  # one that comes is known before its day
    packs.put_dearer("2026-11-20")
    later = take_in(database, packs.load(), LATE)
    assert later.known_from == {1: FIRST_DAY, 2: START, 3: LATE}
    assert take_in(database, packs.load(), LATE + timedelta(days=1)) == later
    assert [(each.number, each.taken_at) for each in taken(database)] == [(1, START), (2, START), (3, LATE)]
    with database.read() as connection:
        events = [
            each.event
            for chain, _ in enumerate(audit_events.heads(connection))
            for each in audit_events.stream(connection, chain)
            if each.event.kind == "rules.taken-in"
        ]
    assert [each.detail["rule_pack"] for each in sorted(events, key=lambda each: each.at)] == [1, 2, 3]


def test_another_document_under_a_number_that_decided_here_is_refused(database: Database, packs: PackFolder) -> None:
    take_in(database, packs.load(), START)
    packs.put("bpu-2026", ("months: 3\n", "months: 4\n"))
    with pytest.raises(RulePackAltered) as refused:
        take_in(database, packs.load(), LATE)
    assert (refused.value.evidence["number"], refused.value.evidence["name"]) == (1, "bpu-2026")


def test_the_newest_pack_taken_out_of_the_folder_does_not_bring_the_earlier_rules_back(
    database: Database, packs: PackFolder
) -> None:
    """Whoever can write there; one whose day is to come may be withdrawn."""
    newest, coming = packs.put_two_months_of_grace("2026-11-15"), packs.put_dearer("2027-06-01")
    take_in(database, packs.load(), START)
    coming.unlink()
    assert take_in(database, packs.load(), LATE).at(LATE).number == 2
    newest.unlink()
    with pytest.raises(RulePackGone) as refused:
        take_in(database, packs.load(), LATE)
    assert (refused.value.evidence["number"], refused.value.evidence["name"]) == (2, "grace-2")


def test_sabotage_without_the_comparison_the_earlier_rules_decide_again(
    database: Database, packs: PackFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = packs.put_two_months_of_grace("2026-11-15")
    take_in(database, packs.load(), START)
    newest.unlink()
    monkeypatch.setattr(packs_taken_in, "refuse_gone", lambda *_: None)
    assert take_in(database, packs.load(), LATE).at(LATE).number == 1


def test_two_programs_that_start_at_once_agree_since_when(database: Database, packs: PackFolder) -> None:
    barrier, told = Barrier(2), []

    def start(moment: datetime) -> None:
        barrier.wait()
        told.append(take_in(database, packs.load(), moment))

    take_in(database, packs.load(), START)
    packs.put_two_months_of_grace("2026-11-15")
    threads = [Thread(target=start, args=(LATE + timedelta(seconds=each),)) for each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told[0] == told[1]
    assert len(taken(database)) == 2


def test_a_late_pack_is_told_with_its_months_and_whom_it_answers_otherwise(
    asked: tuple[Books, datetime, Explanation],
) -> None:
    books, _, _ = asked
    (late,) = late_packs(books.packs)
    assert (late.pack.name, late.known_from, late.before.number) == ("bpu-2026", LATE, 1)
    assert [each.isoformat()[:10] for each in late.moments] == [
        "2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-03",
    ]  # fmt: skip
    with books.database.read() as connection:
        effect = [(each.programme, each.members, each.changed) for each in effect_of(connection, late)]
        unlike = [each.changed for each in effect_of(connection, replace(late, before=late.pack.rules))]
    # One month of grace for three: the member is told another last day, or no. Savings were not joined.
    told = [(Programme.JKK, 1, 1), (Programme.JKM, 1, 1), (Programme.JHT, 1, 0)] * len(late.moments)
    assert effect == told
    assert set(unlike) == {0}


def test_a_pack_that_came_before_its_day_or_beyond_the_next_ones_is_not_late(packs: PackFolder) -> None:
    packs.put_two_months_of_grace("2027-01-01")
    packs.put_dearer("2027-02-10")
    loaded = packs.load().packs
    assert list(late_packs(PacksInForce.of(loaded))) == []
    assert list(late_packs(PacksInForce.of(loaded, {1: FIRST_DAY, 2: START, 3: START}))) == []
    (late,) = late_packs(PacksInForce.of(loaded, {1: FIRST_DAY, 2: at("2027-06-01 12:00"), 3: START}))
    assert late.pack.rules.number == 2
    assert late.moments[-1] < at("2027-02-10 00:00")
    assert len(late.moments) == 2
