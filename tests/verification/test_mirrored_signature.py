# SPDX-License-Identifier: Apache-2.0
"""A signature has a twin, (r, n - s), which anybody can write: cards give either, both are taken, and neither is taken twice (decision 0098)."""

from dataclasses import replace

import pytest

from cardservice.verification.errors import ChallengeNotValid
from tests.verification.world import IssuedCard, World, presented, tap

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SP 800-186, 3.2.1.3


def mirrored(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + (P256_ORDER - s).to_bytes(32, "big")


def is_high(signature: bytes) -> bool:
    return int.from_bytes(signature[32:], "big") > P256_ORDER // 2


def test_a_card_gives_both_and_both_are_taken(world: World, sari: IssuedCard) -> None:
    world.hand_over(sari)
    clinic, card = world.caller(world.register(1)), sari.insert()
    seen = set()
    for _ in range(40):
        challenge = world.ask(clinic)
        presence = tap(card, challenge)
        seen.add(is_high(presence.signature))
        assert world.verify(presented(challenge, presence), clinic)
        if len(seen) == 2:
            break
    assert seen == {True, False}


@pytest.mark.parametrize("twin_first", [True, False])
def test_of_two_twins_the_second_finds_the_challenge_used(world: World, sari: IssuedCard, *, twin_first: bool) -> None:
    world.hand_over(sari)
    clinic = world.caller(world.register(1))
    challenge = world.ask(clinic)
    given = presented(challenge, tap(sari.insert(), challenge))
    twin = replace(given, signature=mirrored(given.signature))
    first, second = (twin, given) if twin_first else (given, twin)
    assert world.verify(first, clinic)
    with pytest.raises(ChallengeNotValid):
        world.verify(second, clinic)
    assert len(world.trail()) == 1
