# SPDX-License-Identifier: Apache-2.0
"""The contract of VerificationStore, on both databases."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from cardservice.records import audit_events, cards, standing, verifications
from cardservice.records.audit_chain import chain_hash
from cardservice.records.audit_events import AuditEvent
from cardservice.records.card_state import CardState
from cardservice.records.challenges import Challenge
from cardservice.records.database import Database
from cardservice.records.errors import ConstraintRefused, DatabaseBehind, DatabaseUnavailable, VerificationConflict
from cardservice.records.hot_path import postgresql_store, sqlite_store
from cardservice.records.hot_path.opening import open_verification_store
from cardservice.records.hot_path.store import Answered, ChallengeRefusal, NotAnswered, VerificationStore
from cardservice.records.standing import CardStatus
from cardservice.records.verifications import Verification
from tests.records import rows

CALLERS = 64
Result = TypeVar("Result")
THUMBPRINT = rows.octets("thumbprint", 1, 32)


@pytest.fixture
def card(database: Database) -> rows.BoundCard:
    """An active card, and two verifiers."""
    with database.begin() as connection:
        rows.add_verifier(connection, 1)
        rows.add_verifier(connection, 2)
        return rows.activate_card(connection, 1)


def with_store(url: str, act: Callable[[VerificationStore], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        store = await open_verification_store(url)
        try:
            return await act(store)
        finally:
            await store.close()

    return asyncio.run(run())


async def answer(
    store: VerificationStore, challenge: Challenge, *, by: int = 1, key: bytes = THUMBPRINT, now: datetime = rows.LATER
) -> Answered | NotAnswered:
    return await store.answer(
        challenge_id=challenge.challenge_id, verifier_id=rows.identifier("verifier", by), key_thumbprint=key, now=now
    )


def verification(number: int, card: rows.BoundCard, of_challenge: int | None = None) -> Verification:
    return Verification(
        card_id=card.card_id,
        receipt_id=rows.identifier("receipt", number),
        verifier_id=rows.identifier("verifier", 1),
        challenge_id=rows.identifier("challenge", number if of_challenge is None else of_challenge),
        outcome="covered",
        programme=rows.challenge(1).programme,
        as_of=rows.TODAY,
        token_id=f"token-{number}",
        at=rows.LATER,
    )


def event(number: int, card: rows.BoundCard) -> AuditEvent:
    return AuditEvent("card.verified", rows.LATER, {"receipt": number}, card.card_id, card.member_id)


def test_the_answer_has_the_challenge_and_the_standing_as_stored(
    database: Database, database_url: str, card: rows.BoundCard
) -> None:
    async def act(store: VerificationStore) -> Answered | NotAnswered:
        await store.create_challenge(rows.challenge(1))
        return await answer(store, rows.challenge(1))

    with database.read() as connection:
        kept = standing.get(connection, card.card_id, 1)
    assert with_store(database_url, act) == Answered(rows.challenge(1), kept)
    assert (kept.life_cycle, kept.status, kept.paid) == (CardState.ACTIVE, CardStatus.VALID, rows.PAID)


@pytest.mark.usefixtures("card")
def test_a_key_we_never_issued_uses_the_challenge_up_and_finds_nothing(database_url: str) -> None:
    async def act(store: VerificationStore) -> list[Answered | NotAnswered]:
        await store.create_challenge(rows.challenge(1))
        return [await answer(store, rows.challenge(1), key=bytes(32)), await answer(store, rows.challenge(1))]

    assert with_store(database_url, act) == [Answered(rows.challenge(1), None), NotAnswered(ChallengeRefusal.USED)]


def test_a_suspended_card_shows_at_once(database: Database, database_url: str, card: rows.BoundCard) -> None:
    async def act(store: VerificationStore) -> Answered | NotAnswered:
        await store.create_challenge(rows.challenge(1))
        with database.begin() as connection:
            cards.set_state(connection, card.card_id, CardState.ACTIVE, CardState.SUSPENDED, rows.LATER)
        return await answer(store, rows.challenge(1))

    answered = with_store(database_url, act)
    assert isinstance(answered, Answered)
    assert answered.standing is not None
    assert (answered.standing.life_cycle, answered.standing.status) == (CardState.SUSPENDED, CardStatus.INVALID)


async def many_answers(store: VerificationStore) -> Counter[str]:
    await store.create_challenge(rows.challenge(1))
    answers = await asyncio.gather(*(answer(store, rows.challenge(1)) for _ in range(CALLERS)))
    return Counter("used up" if isinstance(each, Answered) else each.reason.value for each in answers)


@pytest.mark.usefixtures("card")
def test_a_challenge_is_used_once_by_64_callers_at_the_same_time(database_url: str) -> None:
    assert with_store(database_url, many_answers) == {"used up": 1, "USED": CALLERS - 1}


@pytest.mark.usefixtures("card")
def test_a_challenge_is_used_once_by_callers_of_several_stores(database_url: str) -> None:
    """Workers are processes of their own: what counts is in the database, not in one of them."""

    async def act(first: VerificationStore) -> list[Answered | NotAnswered]:
        await first.create_challenge(rows.challenge(1))
        others = [await open_verification_store(database_url) for _ in range(3)]
        try:
            stores = [first, *others] * 8
            return await asyncio.gather(*(answer(store, rows.challenge(1)) for store in stores))
        finally:
            for store in others:
                await store.close()

    assert sum(map(bool, with_store(database_url, act))) == 1


@pytest.mark.usefixtures("card")
def test_sabotage_without_used_at_in_the_predicate_many_answers_pass(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: consume without looking whether it is consumed."""
    for module, name in ((postgresql_store, "_ANSWER"), (sqlite_store, "_USE")):
        monkeypatch.setattr(module, name, getattr(module, name).replace("AND used_at IS NULL", ""))
    assert with_store(database_url, many_answers) == {"used up": CALLERS}


@pytest.mark.usefixtures("card")
def test_another_verifiers_challenge_looks_like_one_that_never_was(database_url: str) -> None:
    async def act(store: VerificationStore) -> list[Answered | NotAnswered]:
        await store.create_challenge(rows.challenge(1))
        return [
            await answer(store, rows.challenge(1), by=2),
            await answer(store, rows.challenge(404), by=2),
            await answer(store, rows.challenge(1), by=2, now=rows.NOW + timedelta(hours=1)),
            await answer(store, rows.challenge(1)),  # and its owner still has it
            await answer(store, rows.challenge(1), by=2),
        ]

    theirs, unknown, late, own, after = with_store(database_url, act)
    assert theirs == unknown == late == after == NotAnswered(ChallengeRefusal.UNKNOWN)
    assert own


@pytest.mark.usefixtures("card")
def test_sabotage_without_the_verifier_in_the_predicate_a_stranger_uses_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: remove the partner filter from one query."""
    monkeypatch.setattr(
        postgresql_store, "_ANSWER", postgresql_store._ANSWER.replace("verifier_id = $2", "length($2::text) > 0")
    )
    monkeypatch.setattr(sqlite_store, "_USE", sqlite_store._USE.replace("AND verifier_id = :verifier_id", ""))

    async def act(store: VerificationStore) -> Answered | NotAnswered:
        await store.create_challenge(rows.challenge(1))
        return await answer(store, rows.challenge(1), by=2)

    assert with_store(database_url, act)


@pytest.mark.usefixtures("card")
def test_a_challenge_ends_at_its_last_moment(database_url: str) -> None:
    end = rows.challenge(1).expires_at

    async def act(store: VerificationStore) -> list[Answered | NotAnswered]:
        await store.create_challenge(rows.challenge(1))
        return [
            await answer(store, rows.challenge(1), now=end),
            await answer(store, rows.challenge(1), now=end - timedelta(microseconds=1)),
        ]

    too_late, in_time = with_store(database_url, act)
    assert too_late == NotAnswered(ChallengeRefusal.EXPIRED)
    assert in_time


def test_an_answer_is_written_with_its_audit_event(database: Database, database_url: str, card: rows.BoundCard) -> None:
    position = with_store(database_url, lambda store: store.append(verification(1, card), event(1, card)))
    with database.read() as connection:
        (kept,) = verifications.of_card(connection, card.card_id)
        (told,) = audit_events.of_card(connection, card.card_id)
    assert kept.verification == verification(1, card)
    assert told.event == event(1, card)
    assert told.position == position
    assert kept.leaf == told.leaf == event(1, card).leaf


def test_hot_path_and_sync_path_write_one_chain(database: Database, database_url: str, card: rows.BoundCard) -> None:
    """Hashes made in SQL by either driver are those that Python makes."""

    async def act(store: VerificationStore) -> None:
        for number in range(1, 6):
            with database.begin() as connection:
                audit_events.append(connection, [AuditEvent("card.seen", rows.NOW, {"n": number}, card.card_id)])
            await store.append(None, event(number, card))

    with_store(database_url, act)
    with database.read() as connection:
        kept = list(audit_events.stream(connection, event(1, card).chain))
        heads = {head.position.chain: head for head in audit_events.heads(connection)}
    expected = bytes(32)
    for number, each in enumerate(kept, start=1):
        expected = chain_hash(expected, each.event.leaf)
        assert (each.position.seq, each.head) == (number, expected)
    assert (len(kept), heads[kept[-1].position.chain].head) == (10, expected)


@pytest.mark.parametrize(
    ("second", "field"),
    [({"of_challenge": 1}, "challenge"), ({"receipt": 1}, "receipt"), ({"token": 1}, "token")],
)
def test_a_conflict_writes_neither_answer_nor_event(
    database: Database, database_url: str, card: rows.BoundCard, second: dict[str, int], field: str
) -> None:
    first, other = verification(1, card), verification(2, card)
    changed = Verification(
        card_id=other.card_id,
        receipt_id=first.receipt_id if "receipt" in second else other.receipt_id,
        verifier_id=other.verifier_id,
        challenge_id=first.challenge_id if "of_challenge" in second else other.challenge_id,
        outcome=other.outcome,
        programme=other.programme,
        as_of=other.as_of,
        token_id=first.token_id if "token" in second else other.token_id,
        at=other.at,
    )

    async def act(store: VerificationStore) -> None:
        await store.append(first, event(1, card))
        with pytest.raises(VerificationConflict) as refused:
            await store.append(changed, event(2, card))
        assert refused.value.evidence == {"field": field}
        await store.append(verification(3, card), event(3, card))

    with_store(database_url, act)
    with database.read() as connection:
        told = audit_events.of_card(connection, card.card_id)
    assert {each.event.detail["receipt"] for each in told} == {1, 3}
    assert [each.position.seq for each in sorted(told, key=lambda each: each.position)] == [1, 2]


def test_many_appends_at_once_all_stand_in_the_chain(
    database: Database, database_url: str, card: rows.BoundCard
) -> None:
    async def act(store: VerificationStore) -> None:
        await asyncio.gather(*(store.append(verification(n, card), event(n, card)) for n in range(CALLERS)))

    with_store(database_url, act)
    with database.read() as connection:
        kept = list(audit_events.stream(connection, event(1, card).chain))
    assert [each.position.seq for each in kept] == list(range(1, CALLERS + 1))
    assert {each.event.detail["receipt"] for each in kept} == set(range(CALLERS))


@pytest.mark.usefixtures("card")
def test_a_challenge_needs_a_known_verifier_and_an_identifier_of_its_own(database_url: str) -> None:
    async def act(store: VerificationStore) -> None:
        with pytest.raises(ConstraintRefused):
            await store.create_challenge(rows.challenge(1, of_verifier=9))
        await store.create_challenge(rows.challenge(1))
        with pytest.raises(ConstraintRefused):
            await store.create_challenge(rows.challenge(1, of_verifier=2))
        assert await answer(store, rows.challenge(1))

    with_store(database_url, act)


def test_a_database_without_tables_is_behind(empty_url: str) -> None:
    async def act(store: VerificationStore) -> None:
        with pytest.raises(DatabaseBehind):
            await answer(store, rows.challenge(1))

    with_store(empty_url, act)


@pytest.mark.needs("postgresql")
def test_no_server_is_said(postgresql_url: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        with_store(postgresql_url.replace("kartu_", "no_such_"), lambda store: answer(store, rows.challenge(1)))


def test_no_file_is_said() -> None:
    with pytest.raises(DatabaseUnavailable):
        with_store("sqlite:////nonexistent/kartu.db", lambda store: answer(store, rows.challenge(1)))
