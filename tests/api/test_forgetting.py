# SPDX-License-Identifier: Apache-2.0
"""Old challenges go, young ones stay, and a database that is away ends nothing."""

import asyncio
import logging
from datetime import datetime, timedelta

import pytest

from api.forgetting import KEPT, forget_for_ever
from api.store import RecordsStore
from cardservice.records.errors import DatabaseUnavailable
from tests.api.served import Service, code_of, presented, tap
from tests.collection.till import Till
from tests.verification.world import NOW, IssuedCard, World


def test_challenges_are_forgotten_an_hour_after_their_end(
    service: Service, world: World, secret: str, sari: IssuedCard
) -> None:
    store = RecordsStore(world.database, world.store, world.payments)
    challenge = service.challenge(secret)
    world.clock.time += timedelta(seconds=60) + KEPT
    young = service.challenge(secret)
    assert store.forget_challenges(world.clock() - KEPT) == 0
    world.clock.time += timedelta(seconds=1)
    assert store.forget_challenges(world.clock() - KEPT) == 1
    answer = service.post("/v1/verifications", presented(challenge, tap(sari.insert(), challenge)), secret)
    assert code_of(answer) == "challenge-not-valid"
    assert service.post("/v1/verifications", presented(young, tap(sari.insert(), young)), secret).status_code == 200


def test_access_tokens_are_forgotten_an_hour_after_their_end(world: World) -> None:
    till, store = Till(world), RecordsStore(world.database, world.store, world.payments)
    assert till.bank.get_token().status == 200
    world.clock.time += timedelta(seconds=900) + KEPT
    assert store.forget_access_tokens(world.clock() - KEPT) == 0
    world.clock.time += timedelta(seconds=1)
    assert store.forget_access_tokens(world.clock() - KEPT) == 1


def test_a_failure_is_noted_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[datetime] = []

    class Failing:
        def forget_challenges(self, before: datetime) -> int:
            asked.append(before)
            raise DatabaseUnavailable(kind="test", error="away")

        def forget_access_tokens(self, before: datetime) -> int:
            raise AssertionError(before)

    async def play() -> None:
        await asyncio.wait_for(forget_for_ever(Failing(), lambda: NOW, every_s=0.001), 0.5)

    with caplog.at_level(logging.ERROR), pytest.raises(TimeoutError):
        asyncio.run(play())
    assert len(asked) >= 2
    assert set(asked) == {NOW - KEPT}
    assert "DatabaseUnavailable" in caplog.text
