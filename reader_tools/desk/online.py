# SPDX-License-Identifier: Apache-2.0
"""On line: a challenge from the service, a tap, and the service's signed answer."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cardservice.card_edge.dialogue import Card, run
from cardservice.card_edge.dialogues.prove_presence import prove_presence
from cardservice.coverage.programme import Programme
from cardservice.credentials import base64url, cover_proof, eligibility_token
from cardservice.credentials.eligibility_token import EligibilityToken
from cardservice.credentials.thumbprint import thumbprint
from reader_tools.desk.errors import AnswerMalformed
from reader_tools.desk.http_client import Service
from reader_tools.desk.key_cache import KeyCache


@dataclass(frozen=True, slots=True)
class Question:
    """What a desk wants to know."""

    terminal_id: str
    purpose: str
    programme: Programme
    service_date: date | None = None
    event_at: datetime | None = None  # aware: the moment of an accident or death


@dataclass(frozen=True, slots=True)
class OnlineAnswer:
    """The service's answer as it came, and its token, verified under the scheme's keys."""

    document: dict[str, Any]
    token: EligibilityToken
    sector: int

    @property
    def receipt_to_renew(self) -> str | None:
        """The receipt under which the service would renew the card's cover proof; None where it says that the proof is good."""
        receipt = self.document.get("receipt")
        if self.document.get("proof_is_old") is not True or not isinstance(receipt, dict):
            return None
        return str(receipt.get("receipt_id"))

    @property
    def covered(self) -> bool:
        """What the signed token says, which is what counts."""
        return self.token.covered


def verify_online(
    card: Card, service: Service, cache: KeyCache, question: Question, *, issuer: str, now: datetime
) -> OnlineAnswer:
    """Ask about the card that is here. ``issuer`` is the iss that tokens must have.

    Raises the service's problems, the card's errors, TokenRefused for a token that does not hold, and AnswerMalformed for one that holds but is about
    another card, programme or day, or answers another challenge: whatever stands between desk and service may mix answers up.
    """
    asked: dict[str, object] = {
        "terminal_id": question.terminal_id,
        "purpose": question.purpose,
        "programme": question.programme.value,
    }
    if question.service_date is not None:
        asked["service_date"] = question.service_date.isoformat()
    if question.event_at is not None:
        asked["event_at"] = question.event_at.isoformat()
    challenge = service.ask("/v1/challenges", asked)
    sector = int(_text(challenge, "sector", int))
    challenge_id, digest = _octets(challenge, "challenge_id"), _octets(challenge, "digest")
    presence = run(prove_presence(sector, challenge_id, digest), card)
    answer = service.ask(
        "/v1/verifications",
        {
            "challenge": _text(challenge, "challenge", str),
            "terminal_id": question.terminal_id,
            "purpose": question.purpose,
            "sector": sector,
            "cover_proof": base64url.encode(presence.cover_proof),
            "signature": base64url.encode(presence.signature),
        },
    )
    cache.refresh(service)
    token = eligibility_token.verify(
        _text(answer, "token", str),
        keys=cache.token_keys(),
        issuer=issuer,
        audience=_text(challenge, "verifier_id", str),
        now=now,
    )
    card_key = cover_proof.verify_signed(
        presence.cover_proof, keys=cache.cover_proof_keys(), issuer=cover_proof.ISSUER, now=now
    ).claims.card_key
    _require_about(
        token,
        card_key_thumbprint=thumbprint(card_key),
        programme=question.programme.value,
        as_of=_text(challenge, "service_date", str),
        challenge=_text(challenge, "challenge", str),
    )
    return OnlineAnswer(answer, token, sector)


def _require_about(
    token: EligibilityToken, *, card_key_thumbprint: str, programme: str, as_of: str, challenge: str
) -> None:
    if token.card_key_thumbprint != card_key_thumbprint:
        raise AnswerMalformed(rule="a token about this card")
    if (token.programme, token.as_of.isoformat()) != (programme, as_of):
        raise AnswerMalformed(rule="a token about the programme and day that were asked about")
    # Of another moment of that day, or of before the card was stopped: a token lives five minutes.
    if token.token_id != challenge:
        raise AnswerMalformed(rule="a token that answers this challenge")


def _text(document: dict[str, Any], name: str, kind: type) -> Any:
    value = document.get(name)
    if type(value) is not kind:
        raise AnswerMalformed(rule=f"{name} as {kind.__name__}")
    return value


def _octets(document: dict[str, Any], name: str) -> bytes:
    value = base64url.decode(_text(document, name, str))
    if value is None:
        raise AnswerMalformed(rule=f"{name} in base64url")
    return value
