# SPDX-License-Identifier: Apache-2.0
"""A night's list under a grant of two officers: everyone is asked about once, broken off or not, and nothing opens without both of them."""

import os
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from cardservice.clock import monotonic
from cardservice.enrolment.errors import PendingListForeign, RegistryUnavailable
from cardservice.enrolment.population_registry import Person, RegistryAnswer
from cardservice.enrolment.verify_granted import GrantedReport, pending_contexts, verify_granted
from cardservice.enrolment.verify_pending import verify_pending
from cardservice.enrolment.verifying import GIVE_UP_AFTER, Verifying
from cardservice.keys import GrantedPortion
from cardservice.records import audit_events, members, population_checks
from cardservice.records.database import Database
from cardservice.records.errors import RecordNotFound
from cardservice.records.population_checks import PopulationState
from hsm.client.granted_portion import granted_portions
from hsm.errors import GrantRefused, HsmError
from hsm.granting.portions import portions
from hsm.in_process import InProcessKeys, NoncesInMemory
from hsm.limits.grants import Grant
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from reader_tools.patient_keys import open_patiently
from tests.enrolment.importing import AT, bring, people, person
from tests.enrolment.rows import octets
from tests.enrolment.test_verify_pending import NO, ScriptedRegistry, state
from tests.hsm.officer_people import ANI, BUDI, ENROLLED, Officer, granted

REASON = "population registry"
END = int((AT + timedelta(minutes=30)).timestamp())


@pytest.fixture(scope="module")
def keys() -> InProcessKeys:
    bundle = development_keys(AT, os.urandom)
    return InProcessKeys(SoftwareStore(bundle, os.urandom), clock=lambda: AT, monotonic=monotonic, records=ENROLLED)


@dataclass
class Night:
    """A list of those who are due, as two officers signed it: ``size`` values in a portion."""

    database: Database
    keys: InProcessKeys
    size: int = 30
    officers: Sequence[Officer] = (ANI, BUDI)
    not_after: int = END
    granted: list[GrantedPortion] = field(default_factory=list)

    def __post_init__(self) -> None:
        contexts = list(pending_contexts(self.database, AT, 1_000))
        grants: list[Grant] = []
        for begin in range(0, len(contexts), self.size):
            part = contexts[begin : begin + self.size]
            grants.append(granted(part, *self.officers, reason=REASON, not_after=self.not_after, nonce=os.urandom(16)))
        self.granted = list(granted_portions(self.keys.sealer, grants, contexts))

    def run(self, registry: ScriptedRegistry, at: datetime = AT, at_once: int = 1) -> GrantedReport:
        verifying = Verifying(
            self.database,
            registry,
            self.keys.sealer,
            self.keys.blind_index,
            new_id=lambda: os.urandom(16).hex(),
            now=lambda: at,
        )
        return verify_granted(verifying, self.granted, open_patiently, at_once=at_once)


def test_a_whole_list_is_asked_about_once_and_both_officers_are_on_the_trail(
    database: Database, keys: InProcessKeys
) -> None:
    bring(database, keys, people(25))
    night, registry = Night(database, keys), ScriptedRegistry({person(7)["nik"]: NO})
    report = night.run(registry, at_once=4)
    assert (report.opened, report.passed_over, report.left) == (3, 0, 0)
    assert (report.members.verified, report.members.mismatch) == (24, 1)
    assert sorted(registry.asked) == sorted(person(number)["nik"] for number in range(1, 26))
    assert state(database, "P-0007") is PopulationState.MISMATCH
    with database.read() as connection:
        told = [
            each.event.detail
            for each in audit_events.stream(connection, 0)
            if each.event.kind == "members.opened-by-grant"
        ]
    assert [(each["values"], each["due"], each["officers"]) for each in told] == [
        (30, 10, ["ani", "budi"]),
        (30, 10, ["ani", "budi"]),
        (15, 5, ["ani", "budi"]),
    ]
    again = night.run(registry)
    assert (again.opened, again.passed_over, len(registry.asked)) == (0, 3, 25)


def test_under_a_grant_the_region_is_asked_too(sqlite_database: Database, keys: InProcessKeys) -> None:
    bring(sqlite_database, keys, octets(person(1, region="317101"), person(2)))
    asked: dict[str, str | None] = {}

    class Places(ScriptedRegistry):
        def ask(self, person: Person) -> RegistryAnswer:
            asked[person.nik] = person.region
            return super().ask(person)

    assert Night(sqlite_database, keys).run(Places()).members.verified == 2
    assert asked == {person(1)["nik"]: "317101", person(2)["nik"]: None}


def test_broken_off_it_goes_on_with_the_same_grant_and_nobody_is_settled_twice(
    database: Database, keys: InProcessKeys
) -> None:
    bring(database, keys, people(30))
    night = Night(database, keys)
    asked: list[str] = []

    class Dying(ScriptedRegistry):
        def ask(self, person: Person) -> RegistryAnswer:
            asked.append(person.nik)
            if len(asked) == 15:
                raise KeyboardInterrupt
            return super().ask(person)

    with pytest.raises(KeyboardInterrupt):
        night.run(Dying())
    second = ScriptedRegistry()
    report = night.run(second)
    # The portion that was broken off is used up; what it still holds waits, and the portion after it is done.
    assert (report.opened, report.passed_over, report.left) == (1, 2, 6)
    rest = Night(database, keys)
    assert rest.run(second).members.verified == 6
    everybody = Counter(asked[:14]) + Counter(second.asked)
    assert len(everybody) == 30
    assert set(everybody.values()) == {1}
    with database.read() as connection:
        for number in range(1, 31):
            member = members.find_by_ref(connection, f"P-{number:04d}")
            assert member is not None
            assert len(population_checks.answers(connection, member.member_id)) == 1


def test_two_runs_at_once_and_the_slow_one_beside_them_ask_about_everybody_once(
    database: Database, keys: InProcessKeys
) -> None:
    bring(database, keys, people(40))
    night, registry = Night(database, keys), ScriptedRegistry()

    def slowly() -> None:
        verify_pending(
            Verifying(database, registry, keys.sealer, keys.blind_index, lambda: os.urandom(16).hex(), lambda: AT),
            limit=20,
        )

    threads = [threading.Thread(target=night.run, args=(registry,)) for _ in range(2)]
    threads.append(threading.Thread(target=slowly))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert set(Counter(registry.asked).values()) == {1}
    slow_rest = Night(database, keys).run(registry)
    assert slow_rest.left == 0
    assert len(registry.asked) == len(set(registry.asked)) == 40


def test_a_silent_registry_ends_the_run_and_no_further_portion_is_opened(
    sqlite_database: Database, keys: InProcessKeys
) -> None:
    bring(sqlite_database, keys, people(30))
    night, before = Night(sqlite_database, keys), len(keys.recorded)
    report = night.run(ScriptedRegistry(otherwise=RegistryUnavailable(rule="down")))
    assert isinstance(report.members.stopped, RegistryUnavailable)
    assert (report.opened, report.members.postponed) == (1, GIVE_UP_AFTER)
    assert sum("unseal-many values=" in each for each in keys.recorded[before:]) == 1
    # Who was not asked about is free at once.
    assert night.run(ScriptedRegistry()).members.verified == 20


@pytest.mark.parametrize(
    ("minutes", "not_yet", "ended", "left"), [(-31, 3, 0, 25), (-30, 0, 0, 0), (29, 0, 0, 0), (30, 0, 3, 25)]
)
def test_a_grant_opens_in_its_hour_only_and_the_run_says_what_is_left(
    sqlite_database: Database, keys: InProcessKeys, minutes: int, not_yet: int, ended: int, left: int
) -> None:
    bring(sqlite_database, keys, people(25))
    with sqlite_database.begin() as connection:
        for each in pending_contexts(sqlite_database, AT, 100):
            if "nik" in each:
                population_checks.reopen(connection, each.rpartition(".")[2].replace("-", ""), AT - timedelta(days=1))
    report = Night(sqlite_database, keys).run(ScriptedRegistry(), AT + timedelta(minutes=minutes))
    assert (report.not_yet, report.ended, report.left) == (not_yet, ended, left)


def test_new_data_after_the_opening_are_asked_about_another_time(database: Database, keys: InProcessKeys) -> None:
    bring(database, keys, octets(person(1)))

    class Slow(ScriptedRegistry):
        def ask(self, person_asked: Person) -> RegistryAnswer:
            bring(database, keys, octets(person(1, name="Siti Lain")))
            return super().ask(person_asked)

    report = Night(database, keys).run(Slow())
    assert (report.members.verified, report.members.dropped, report.left) == (0, 1, 1)


def test_one_officer_opens_nothing_and_nobody_stays_claimed(sqlite_database: Database, keys: InProcessKeys) -> None:
    bring(sqlite_database, keys, people(5))
    registry = ScriptedRegistry()
    with pytest.raises(GrantRefused, match="2 different officers"):
        Night(sqlite_database, keys, officers=(ANI, ANI)).run(registry)
    assert registry.asked == []
    assert Night(sqlite_database, keys).run(registry).members.verified == 5


def test_a_grant_for_another_list_is_refused_before_it_is_used_up(
    sqlite_database: Database, keys: InProcessKeys
) -> None:
    bring(sqlite_database, keys, people(2))
    contexts = list(pending_contexts(sqlite_database, AT, 10))
    grant = granted(contexts, ANI, BUDI, reason=REASON, not_after=END)
    for other in (contexts[::-1], contexts[:3], [*contexts, contexts[0]]):
        with pytest.raises(GrantRefused, match="exactly these"):
            list(granted_portions(keys.sealer, [grant], other))


@pytest.mark.parametrize(
    "contexts",
    [
        ["members.nik_sealed.00000001"],  # without name and birth date
        ["card_secrets.puk.00000001", "members.name_sealed.00000001", "members.birth_date_sealed.00000001"],
    ],
)
def test_a_list_of_other_things_is_refused(sqlite_database: Database, keys: InProcessKeys, contexts: list[str]) -> None:
    night = Night(sqlite_database, keys)
    grant = granted(contexts, ANI, BUDI, reason=REASON, not_after=END, nonce=os.urandom(16))
    night.granted = list(granted_portions(keys.sealer, [grant], contexts))
    with pytest.raises(PendingListForeign):
        night.run(ScriptedRegistry())


def test_no_nik_or_name_is_in_the_list_in_the_records_or_in_an_error(
    sqlite_database: Database, keys: InProcessKeys
) -> None:
    bring(sqlite_database, keys, people(3))
    night, before = Night(sqlite_database, keys), len(keys.recorded)
    told = "\n".join(context for each in night.granted for context in each.contexts) + repr(night.granted)
    try:
        night.run(ScriptedRegistry(otherwise=RecordNotFound(record="member")))
    except (RecordNotFound, HsmError) as raised:
        told += str(raised)
    told += "\n".join(keys.recorded[before:])
    assert not [row for row in map(person, range(1, 4)) for each in ("nik", "name") if row[each] in told]


def test_sabotage_nonces_that_are_forgotten_open_a_portion_again(
    sqlite_database: Database, keys: InProcessKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: the key process forgets which grants were used; then who reopens a question opens the portion again."""
    bring(sqlite_database, keys, people(2))
    night = Night(sqlite_database, keys)
    night.run(ScriptedRegistry())

    def ask_again() -> None:
        bring(sqlite_database, keys, octets(person(1, name="Siti Baru"), person(2)))

    ask_again()
    assert night.run(ScriptedRegistry()).left == 1
    monkeypatch.setattr(NoncesInMemory, "spend", lambda *_: None)
    assert night.run(ScriptedRegistry()).left == 0


def test_portions_are_cut_between_members_and_alike_for_everybody_who_has_the_list() -> None:
    contexts: list[object] = [f"members.{column}.{number:08d}" for number in range(1_001) for column in "abc"]
    cut = portions(contexts)
    assert [each for part in cut for each in part] == contexts
    assert max(map(len, cut)) == 510
    assert all(len(part) % 3 == 0 for part in cut)
    assert portions(contexts[:1024]) == [contexts[:1024]]
    assert portions(list(contexts)) == cut
