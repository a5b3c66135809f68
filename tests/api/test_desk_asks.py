# SPDX-License-Identifier: Apache-2.0
"""The desk's side of a verification against the real app: what it believes of an answer, and what it does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cardservice.coverage.programme import Programme
from cardservice.credentials.errors import TokenClaimsRefused
from reader_tools.desk import online
from reader_tools.desk.errors import AnswerMalformed
from reader_tools.desk.http_client import Service as Line
from reader_tools.desk.key_cache import KeyCache
from reader_tools.desk.online import OnlineAnswer, Question, verify_online
from tests.api.served import Service
from tests.verification.world import ISSUER, NOW, IssuedCard, World, paid


@dataclass(frozen=True)
class Direct(Line):
    """The line to the app in this process; ``instead`` is what something on the way answers for the service."""

    service: Service = field(kw_only=True)
    instead: Mapping[str, Any] | None = None

    def ask(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        answer: dict[str, Any] = self.service.post(path, dict(body), self.secret).json()
        return dict(self.instead) if self.instead and path == "/v1/verifications" else answer

    def fetch(self, path: str) -> bytes:
        return self.service.get(path).content


@dataclass
class Desk:
    service: Service
    secret: str
    folder: Path

    def ask(
        self,
        card: IssuedCard,
        *,
        instead: Mapping[str, Any] | None = None,
        programme: Programme = Programme.JKK,
        issuer: str = ISSUER,
        event_at: datetime | None = None,
    ) -> OnlineAnswer:
        line = Direct("http://testserver", self.secret, service=self.service, instead=instead)
        question = Question("loket-3", "treatment", programme, event_at=event_at)
        now = self.service.world.clock()
        return verify_online(card.insert(), line, KeyCache(self.folder), question, issuer=issuer, now=now)


@pytest.fixture
def desk(service: Service, secret: str, tmp_path: Path) -> Desk:
    return Desk(service, secret, tmp_path)


def test_the_answer_about_the_card_in_the_reader_is_believed(desk: Desk, sari: IssuedCard) -> None:
    answer = desk.ask(sari)
    assert (answer.covered, answer.token.programme) == (answer.document["outcome"] == "COVERED", "JKK")


def test_an_answer_about_another_card_is_not(desk: Desk, world: World, sari: IssuedCard, budi: IssuedCard) -> None:
    world.hand_over(budi)
    earlier = desk.ask(sari).document
    with pytest.raises(AnswerMalformed, match="about this card"):
        desk.ask(budi, instead=earlier)


def test_an_answer_to_another_question_is_not(desk: Desk, sari: IssuedCard) -> None:
    earlier = desk.ask(sari).document
    with pytest.raises(AnswerMalformed, match="programme and day"):
        desk.ask(sari, instead=earlier, programme=Programme.JKM)


def test_an_earlier_answer_to_the_same_question_is_not(desk: Desk, world: World, sari: IssuedCard) -> None:
    """Of a minute before the card was stopped, or before another moment of the day was asked about: the token itself still holds."""
    earlier = desk.ask(sari).document
    world.clock.time += timedelta(minutes=1)
    with pytest.raises(AnswerMalformed, match="answers this challenge"):
        desk.ask(sari, instead=earlier)
    with pytest.raises(AnswerMalformed, match="answers this challenge"):
        desk.ask(sari, instead=earlier, event_at=NOW)


def test_sabotage_whoever_does_not_compare_the_challenge_believes_the_earlier_answer(
    desk: Desk, world: World, sari: IssuedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = desk.ask(sari).document
    world.clock.time += timedelta(minutes=1)
    compared = online._require_about
    monkeypatch.setattr(
        online, "_require_about", lambda token, **asked: compared(token, **asked | {"challenge": token.token_id})
    )
    assert desk.ask(sari, instead=earlier).covered


def test_sabotage_without_the_comparison_another_cards_answer_is_believed(
    desk: Desk, world: World, sari: IssuedCard, budi: IssuedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hand_over(budi)
    earlier = desk.ask(sari).document
    monkeypatch.setattr(online, "_require_about", lambda *_, **__: None)
    assert desk.ask(budi, instead=earlier).token.card_key_thumbprint == desk.ask(sari).token.card_key_thumbprint


def test_the_issuer_is_the_one_that_the_desk_expects(desk: Desk, sari: IssuedCard) -> None:
    """Not the address it is reached at: a service behind a proxy has another name than the one it signs with."""
    with pytest.raises(TokenClaimsRefused):
        desk.ask(sari, issuer="http://testserver")


def test_a_desk_asks_about_the_moment_of_an_accident(desk: Desk, world: World, sari: IssuedCard) -> None:
    world.pay(sari, paid("2026-11", "2026-11", arrived_at=NOW - timedelta(hours=1)))
    before = desk.ask(sari, event_at=NOW - timedelta(hours=2))
    assert (before.covered, before.document["reason"]) == (False, "PAID_AFTER_EVENT")
    assert desk.ask(sari, event_at=NOW - timedelta(minutes=30)).covered
    assert desk.ask(sari).covered


def test_sabotage_a_desk_that_leaves_the_moment_out_hears_about_now(
    desk: Desk, world: World, sari: IssuedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.pay(sari, paid("2026-11", "2026-11", arrived_at=NOW - timedelta(hours=1)))
    asked = Direct.ask
    monkeypatch.setattr(
        Direct, "ask", lambda self, path, body: asked(self, path, {k: v for k, v in body.items() if k != "event_at"})
    )
    assert desk.ask(sari, event_at=NOW - timedelta(hours=2)).covered
