# SPDX-License-Identifier: Apache-2.0
"""Verifications that end at the same moment: their eligibility tokens are signed in one trip to the key process, each as its own."""

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from api.wiring import Wiring
from cardservice.credentials import eligibility_token
from cardservice.credentials.eligibility_token import EligibilityToken
from cardservice.keys import Purpose
from hsm.client.awaited_trips import AwaitedTrips
from hsm.client.key_process import KeyProcess
from hsm.stores.key_generation import development_keys
from tests.api.served import Service
from tests.hsm.documents import NOW
from tests.hsm.running import SetClock, serving

CROWD = 12

TOKEN = EligibilityToken(
    issuer="https://kartu.example",
    audience="rs-harapan",
    subject="3q2-7wAAAAAAAAAAAAAAAA",
    token_id="0190a7c2-1111-7000-8000-000000000001",
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=5),
    as_of=NOW.date(),
    programme="JKK",
    assurance=2,
    card_key_thumbprint="A" * 42 + "8",
    covered=True,
    until=NOW.date(),
    sector=1,
)


class Counting(AwaitedTrips):
    """Keeps how many requests each frame had."""

    frames: ClassVar[list[int]] = []

    def _share_out(self, party: Any, answers: list[object]) -> None:
        self.frames.append(len(answers))
        super()._share_out(party, answers)


def test_tokens_of_a_moment_travel_together_and_each_is_its_own(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hsm.client.key_process.AwaitedTrips", Counting)
    Counting.frames.clear()
    tokens = [replace(TOKEN, token_id=f"token-{number}") for number in range(CROWD)]
    with serving(development_keys(NOW, os.urandom), SetClock()) as path:
        keys = KeyProcess(path, deadline=30)
        wiring: Wiring = replace(service, keys=keys).app.state.wiring

        async def signed() -> list[str]:
            # Known to all who sign, as in a service at work.
            await keys.awaited_signer(Purpose.ELIGIBILITY_TOKEN).verifying_key()
            try:
                return list(await asyncio.gather(*map(wiring.means.sign, tokens)))
            finally:
                keys.close()

        published = keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN)
        issued = service.world.run(signed())
    assert Counting.frames == [1, CROWD]
    for text, token in zip(issued, tokens, strict=True):
        read = eligibility_token.verify(text, keys=published, issuer=TOKEN.issuer, audience=TOKEN.audience, now=NOW)
        assert read == token
