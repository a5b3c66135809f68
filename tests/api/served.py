# SPDX-License-Identifier: Apache-2.0
"""The service in process, as a client sees it: the real app over a world of tests/verification."""

import json
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.settings import Settings
from api.store import RecordsStore
from api.wiring import ServiceKeys, ServiceStore
from applets.virtual.card import VirtualCard
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.prove_presence import Presence, prove_presence
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.credentials import base64url
from tests.api.publication import EXAMPLE
from tests.coverage.rules_2026 import PACKS_2026
from tests.verification.world import ISSUER, IssuedCard, World

BASE = "http://testserver"
ASKED = {"terminal_id": "loket-3", "purpose": "treatment", "programme": "JKK"}


@dataclass
class Service:
    """One app over one world. Every request opens a client of its own: nothing is kept between them."""

    world: World
    settings: Settings = field(
        default_factory=lambda: Settings(
            "sqlite:///unused", Path("unused"), issuer=ISSUER, environment="test", published=EXAMPLE
        )
    )
    packs: PacksInForce = PACKS_2026
    seed: int = 7  # a service that starts again finds other randomness
    keys: ServiceKeys | None = None
    store: ServiceStore | None = None

    @cached_property
    def app(self) -> FastAPI:
        return create_app(
            self.settings,
            keys=self.keys or self.world.keys,
            store=self.store or RecordsStore(self.world.database, self.world.store, self.world.payments),
            packs=self.packs,
            clock=self.world.clock,
            randomness=random.Random(self.seed).randbytes,
        )

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.request(method, path, **more)

        return self.world.run(send())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.request("GET", path, headers=headers)

    def post(
        self, path: str, body: object, secret: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """A JSON body; ``bytes`` are sent as they are, and so are bodies in pieces."""
        content = body if isinstance(body, bytes | AsyncIterator) else json.dumps(body).encode()
        known = {"Content-Type": "application/json"} | ({} if secret is None else bearer(secret))
        return self.request("POST", path, content=content, headers=known | dict(headers or {}))

    def challenge(self, secret: str, **changed: Any) -> dict[str, Any]:
        answer = self.post("/v1/challenges", ASKED | changed, secret)
        assert answer.status_code == 201, answer.text
        return cast("dict[str, Any]", answer.json())


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def tap(card: VirtualCard, challenge: Mapping[str, Any], sector: int | None = None) -> Presence:
    """A terminal that knows nothing but the documented members."""
    challenge_id, digest = (base64url.decode(challenge[name]) for name in ("challenge_id", "digest"))
    assert challenge_id is not None
    assert digest is not None
    card.reset()
    return run(prove_presence(sector or challenge["sector"], challenge_id, digest), card)


def presented(challenge: Mapping[str, Any], presence: Presence, **changed: Any) -> dict[str, Any]:
    """The body of POST /v1/verifications after a tap."""
    body: dict[str, Any] = {
        "challenge": challenge["challenge"],
        "terminal_id": challenge["terminal_id"],
        "purpose": challenge["purpose"],
        "sector": presence.sector,
        "cover_proof": base64url.encode(presence.cover_proof),
        "signature": base64url.encode(presence.signature),
    }
    return body | changed


def verified(service: Service, secret: str, card: IssuedCard, **headers: str) -> httpx.Response:
    """Challenge, tap, verification."""
    challenge = service.challenge(secret)
    return service.post("/v1/verifications", presented(challenge, tap(card.insert(), challenge)), secret, headers)


def content_of(answer: httpx.Response) -> Any:
    """A good answer as its example shows it: JSON, or the text of a PEM file."""
    return answer.text if "pem" in answer.headers["content-type"] else answer.json()


def code_of(answer: httpx.Response) -> str:
    """The code of a problem document, which must be one."""
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"urn:kartu:problem:{document['code']}"
    assert document["status"] == answer.status_code
    return str(document["code"])
