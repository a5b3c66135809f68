# SPDX-License-Identifier: Apache-2.0
"""No answer is given that is not on record, and a challenge is answered once however many try at the same time."""

import asyncio
from typing import Any

import pytest

from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.prove_presence import prove_presence
from cardservice.card_edge.sector.tap import tap_digest
from cardservice.partnership.caller import Caller
from cardservice.records import verifications
from cardservice.records.errors import DatabaseUnavailable
from cardservice.verification import verify as verify_module
from cardservice.verification.answer import Verified
from cardservice.verification.challenge import IssuedChallenge
from cardservice.verification.errors import ChallengeNotValid, TapRefused
from cardservice.verification.presentation import Presentation
from tests.verification.world import HEALTH, IssuedCard, World, presented, tap

AT_ONCE = 16


def on_record(world: World, verified: Verified) -> bool:
    with world.database.read() as connection:
        return verifications.find_by_receipt(connection, verified.receipt.receipt_id) is not None


def both(world: World, sari: IssuedCard) -> tuple[Caller, IssuedChallenge, Presentation]:
    caller = world.caller(world.register(1))
    world.hand_over(sari)
    challenge = world.ask(caller)
    return caller, challenge, presented(challenge, tap(sari.insert(), challenge))


def test_of_many_at_once_one_is_answered(either_world: World, sari: IssuedCard) -> None:
    world = either_world
    caller, _, presentation = both(world, sari)

    async def all_at_once() -> list[Verified | BaseException]:
        attempts = (
            verify_module.verify(presentation, caller, means=world.means, now=world.clock()) for _ in range(AT_ONCE)
        )
        return await asyncio.gather(*attempts, return_exceptions=True)

    ended = world.run(all_at_once())
    answered = [each for each in ended if isinstance(each, Verified)]
    assert len(answered) == 1
    assert on_record(world, answered[0])
    assert sum(isinstance(each, ChallengeNotValid) for each in ended) == AT_ONCE - 1
    assert len(world.trail()) == 1


class AppendFails:
    """A store that loses its database between the decision and the record."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append(self, *_: object) -> None:
        raise DatabaseUnavailable(kind="test", error="cut")


@pytest.mark.parametrize("genuine", [True, False])
def test_what_cannot_be_recorded_is_not_answered(world: World, sari: IssuedCard, *, genuine: bool) -> None:
    caller, challenge, presentation = both(world, sari)
    failing: Any = AppendFails(world.store)
    world.store = failing
    if not genuine:
        presentation = presented(challenge, tap(sari.clone(), challenge))
    with pytest.raises(DatabaseUnavailable):
        world.verify(presentation, caller)


def test_sabotage_an_answer_without_its_record_is_found(
    world: World, sari: IssuedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(*_: object) -> None:
        return None

    caller, _, presentation = both(world, sari)
    monkeypatch.setattr(verify_module, "record_answer", forgetful)  # the sabotage
    assert not on_record(world, world.verify(presentation, caller))


def test_recordings_never_pass(world: World, sari: IssuedCard) -> None:
    caller, _, recorded = both(world, sari)
    for _ in range(60):
        challenge = world.ask(caller)
        replayed = Presentation(
            challenge.handle,
            recorded.terminal_id,
            recorded.purpose,
            recorded.sector,
            recorded.cover_proof,
            recorded.signature,
        )
        with pytest.raises(TapRefused):
            world.verify(replayed, caller)
    # The recording itself was never presented: it is good, once.
    assert world.verify(recorded, caller)


@pytest.mark.parametrize("field", ["verifier", "terminal", "purpose", "nonce", "time", "challenge id"])
def test_a_tap_over_anything_else_is_refused(world: World, sari: IssuedCard, field: str) -> None:
    caller, challenge, _ = both(world, sari)
    names = {"verifier": caller.verifier_id, "terminal": "T-1", "purpose": "treatment"}
    if field in names:
        names[field] += "x"
    nonce = bytes(16) if field == "nonce" else challenge.nonce
    time = challenge.time.replace(second=59) if field == "time" else challenge.time
    digest = tap_digest(names["verifier"], names["terminal"], names["purpose"], nonce, time)
    challenge_id = b"abcd" if field == "challenge id" else challenge.challenge_id
    presence = run(prove_presence(HEALTH, challenge_id, digest), sari.insert())
    with pytest.raises(TapRefused):
        world.verify(presented(challenge, presence), caller)
