# SPDX-License-Identifier: Apache-2.0
"""The nightly questions: everyone due is asked about once, however many runs there are, and the raw answer is kept nowhere."""

import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from cardservice.clock import monotonic
from cardservice.enrolment.errors import RegistryAnswerMalformed, RegistryUnavailable
from cardservice.enrolment.population_question import population_state, recheck
from cardservice.enrolment.population_registry import Element, ElementVerdict, Person, RegistryAnswer
from cardservice.enrolment.verify_pending import LEASE, verify_pending
from cardservice.enrolment.verifying import GIVE_UP_AFTER, LONGEST_PAUSE, Verifying, VerifyReport, next_try
from cardservice.records import audit_events, members, population_checks
from cardservice.records.database import Database
from cardservice.records.population_checks import PopulationState
from hsm.in_process import InProcessKeys
from hsm.limits.rate_limit import DEFAULT_RATES, Rate
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from tests.enrolment.importing import AT, bring, people, person
from tests.enrolment.rows import octets

VERIFIED, MISMATCH, PROVISIONAL = PopulationState.VERIFIED, PopulationState.MISMATCH, PopulationState.PROVISIONAL
YES = RegistryAnswer(
    True, dict.fromkeys((Element.NAME, Element.BIRTH_DATE), ElementVerdict(True)), hashlib.sha256(b"yes").digest()
)
NO = RegistryAnswer(True, dict.fromkeys(Element, ElementVerdict(False)), hashlib.sha256(b"no").digest())


@dataclass
class ScriptedRegistry:
    """A registry in this process: answers by NIK, an error where one stands; counts how often it was asked about each."""

    said: Mapping[str, RegistryAnswer | BaseException] = field(default_factory=dict)
    otherwise: RegistryAnswer | BaseException = YES
    asked: list[str] = field(default_factory=list)

    def ask(self, person: Person) -> RegistryAnswer:
        self.asked.append(person.nik)
        answer = self.said.get(person.nik, self.otherwise)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture(scope="module")
def keys() -> InProcessKeys:
    # These tests are about questions, not about limits.
    rates = {**DEFAULT_RATES, "unseal": Rate(1e6, 1_000_000)}
    store = SoftwareStore(development_keys(AT, os.urandom), os.urandom)
    return InProcessKeys(store, clock=lambda: AT, monotonic=monotonic, rates=rates)


def run(
    database: Database, keys: InProcessKeys, registry: ScriptedRegistry, at: datetime = AT, limit: int | None = None
) -> VerifyReport:
    verifying = Verifying(
        database, registry, keys.sealer, keys.blind_index, new_id=lambda: os.urandom(16).hex(), now=lambda: at
    )
    return verify_pending(verifying, limit=limit)


def state(database: Database, ref: str) -> PopulationState:
    with database.read() as connection:
        member = members.find_by_ref(connection, ref)
        assert member is not None
        return population_state(connection, member.member_id)


def test_a_newcomer_is_provisional_until_the_registry_answers(database: Database, keys: InProcessKeys) -> None:
    bring(database, keys, octets(person(1), person(2)))
    assert state(database, "P-0001") is PROVISIONAL
    registry = ScriptedRegistry({person(2)["nik"]: NO})
    report = run(database, keys, registry)
    assert (report.verified, report.mismatch, report.postponed) == (1, 1, 0)
    assert (state(database, "P-0001"), state(database, "P-0002")) == (VERIFIED, MISMATCH)
    assert run(database, keys, registry).asked == 0
    assert len(registry.asked) == 2


def test_of_an_answer_only_verdicts_time_and_a_keyed_fingerprint_are_kept(
    database: Database, keys: InProcessKeys
) -> None:
    bring(database, keys, octets(person(1)))
    run(database, keys, ScriptedRegistry())
    with database.read() as connection:
        member = members.find_by_ref(connection, "P-0001")
        assert member is not None
        (kept,) = population_checks.answers(connection, member.member_id)
        events = audit_events.of_member(connection, member.member_id)
    assert dict(kept.verdicts) == {
        "nik": {"match": True, "score": None},
        "name": {"match": True, "score": None},
        "birth_date": {"match": True, "score": None},
    }
    assert kept.at == AT
    assert kept.evidence == keys.blind_index.blind_index([b"population.answer|" + YES.raw_sha256])[0]
    assert [(each.event.kind, dict(each.event.detail)) for each in events][1:] == [
        ("member.population", {"state": "VERIFIED"})
    ]


def test_where_a_member_lives_is_asked_and_its_verdict_kept(database: Database, keys: InProcessKeys) -> None:
    bring(database, keys, octets(person(1, region="317101"), person(2)))
    asked: dict[str, str | None] = {}

    class Places(ScriptedRegistry):
        def ask(self, person: Person) -> RegistryAnswer:
            asked[person.nik] = person.region
            return RegistryAnswer(
                True,
                {
                    **super().ask(person).verdicts,
                    **({Element.PROVINCE: ElementVerdict(False)} if person.region else {}),
                },
                bytes(32),
            )

    assert run(database, keys, Places()).verified == 2
    assert asked == {person(1)["nik"]: "317101", person(2)["nik"]: None}
    with database.read() as connection:
        member = members.find_by_ref(connection, "P-0001")
        assert member is not None
        (kept,) = population_checks.answers(connection, member.member_id)
    assert kept.verdicts["province"] == {"match": False, "score": None}


def test_without_an_answer_the_question_waits_longer_each_time(sqlite_database: Database, keys: InProcessKeys) -> None:
    bring(sqlite_database, keys, octets(person(1)))
    registry = ScriptedRegistry(otherwise=RegistryAnswerMalformed(rule="JSON"))
    assert run(sqlite_database, keys, registry).postponed == 1
    assert run(sqlite_database, keys, registry, AT + timedelta(minutes=59)).asked == 0
    assert run(sqlite_database, keys, registry, AT + timedelta(hours=1)).postponed == 1
    assert run(sqlite_database, keys, registry, AT + timedelta(hours=2)).asked == 0
    assert run(sqlite_database, keys, ScriptedRegistry(), AT + timedelta(hours=3)).verified == 1
    assert [next_try(attempts, AT) - AT for attempts in (1, 2, 3, 20)] == [
        timedelta(hours=1),
        timedelta(hours=2),
        timedelta(hours=4),
        LONGEST_PAUSE,
    ]


def test_a_registry_that_is_down_is_left_alone_and_nobody_is_lost(database: Database, keys: InProcessKeys) -> None:
    bring(database, keys, people(40))
    registry = ScriptedRegistry(otherwise=RegistryUnavailable(rule="down"))
    report = run(database, keys, registry)
    assert report.stopped is not None
    assert len(registry.asked) == report.postponed == GIVE_UP_AFTER
    later = AT + LEASE + timedelta(hours=1)
    assert run(database, keys, ScriptedRegistry(), later).verified == 40


def test_a_run_that_was_killed_between_question_and_answer_is_made_good_by_a_later_one(
    database: Database, keys: InProcessKeys
) -> None:
    bring(database, keys, people(3))

    def killed() -> None:
        with pytest.raises(KeyboardInterrupt):
            run(database, keys, ScriptedRegistry(otherwise=KeyboardInterrupt()))

    killed()
    assert run(database, keys, ScriptedRegistry(), AT + timedelta(minutes=1)).asked == 0  # still claimed
    assert run(database, keys, ScriptedRegistry(), AT + LEASE).verified == 3


def test_two_runs_at_once_ask_about_everybody_once(database: Database, keys: InProcessKeys) -> None:
    bring(database, keys, people(90))
    registry = ScriptedRegistry()
    reports: list[VerifyReport] = []
    threads = [threading.Thread(target=lambda: reports.append(run(database, keys, registry))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sum(report.verified for report in reports) == 90
    assert len(registry.asked) == len(set(registry.asked)) == 90


def test_sabotage_without_claims_two_runs_ask_twice(
    sqlite_database: Database, keys: InProcessKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: look for what is due without claiming it."""
    bring(sqlite_database, keys, people(2))
    real = population_checks.claim

    def peek(connection: object, **given: object) -> object:
        found = real(connection, **given)  # type: ignore[arg-type]  # handed on
        connection.rollback()  # type: ignore[attr-defined]  # the sabotage
        return found

    registry = ScriptedRegistry()
    monkeypatch.setattr(population_checks, "claim", peek)
    for _ in range(2):
        run(sqlite_database, keys, registry, limit=2)
    assert len(registry.asked) == 4
    assert state(sqlite_database, "P-0001") is PROVISIONAL  # and no answer is believed that has no claim


def test_new_data_open_the_question_again_and_an_answer_about_old_data_is_dropped(
    database: Database, keys: InProcessKeys
) -> None:
    bring(database, keys, octets(person(1)))

    class Slow(ScriptedRegistry):
        def ask(self, person_asked: Person) -> RegistryAnswer:
            bring(database, keys, octets(person(1, name="Siti Lain")))
            return super().ask(person_asked)

    report = run(database, keys, Slow(), limit=1)
    assert (report.verified, report.dropped) == (0, 1)
    assert state(database, "P-0001") is PROVISIONAL
    assert run(database, keys, ScriptedRegistry(otherwise=NO)).mismatch == 1
    bring(database, keys, octets(person(1, name="Siti Benar")))
    assert state(database, "P-0001") is PROVISIONAL


def test_months_alone_open_no_question(sqlite_database: Database, keys: InProcessKeys) -> None:
    bring(sqlite_database, keys, octets(person(1)))
    run(sqlite_database, keys, ScriptedRegistry())
    bring(sqlite_database, keys, octets(person(1, months="2026-01..2026-05")))
    assert state(sqlite_database, "P-0001") is VERIFIED


def test_a_person_may_have_it_asked_again_and_that_is_on_the_trail(database: Database, keys: InProcessKeys) -> None:
    bring(database, keys, octets(person(1)))
    run(database, keys, ScriptedRegistry(otherwise=NO))
    with database.begin() as connection:
        member_id = recheck(connection, "P-0001", by="ani", at=AT)
    assert run(database, keys, ScriptedRegistry()).verified == 1
    with database.read() as connection:
        kinds = [each.event.kind for each in audit_events.of_member(connection, member_id)]
        states = [each.state for each in population_checks.answers(connection, member_id)]
    assert kinds == ["member.enrolled", "member.population", "member.recheck", "member.population"]
    assert states == [MISMATCH, VERIFIED]


def test_a_run_ends_at_its_limit(sqlite_database: Database, keys: InProcessKeys) -> None:
    bring(sqlite_database, keys, people(30))
    assert run(sqlite_database, keys, ScriptedRegistry(), limit=25).asked == 25
