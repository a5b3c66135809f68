# SPDX-License-Identifier: Apache-2.0
"""Challenge, tap, verification over HTTP: what a clinic sees."""

from datetime import timedelta

import pytest

from cardservice.card_edge.sector.tap import tap_digest
from cardservice.credentials import base64url, eligibility_token, jwks
from cardservice.partnership.register import revoke
from cardservice.records.card_state import CardState
from cardservice.records.verifiers import VerifierKind
from tests.api.served import ASKED, Service, code_of, presented, tap, verified
from tests.records import rows
from tests.verification.world import ISSUER, NOW, TRANSPORT, IssuedCard, World, paid

COVERED_MEMBERS = {
    "outcome",
    "programme",
    "as_of",
    "until",
    "state",
    "subject",
    "token",
    "token_expires_at",
    "receipt",
}


def test_a_challenge_has_all_that_a_terminal_needs(service: Service, secret: str) -> None:
    answer = service.post("/v1/challenges", ASKED, secret)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["aid"] == "F04B4A535249000201"
    assert (told["sector"], told["service_date"], told["expires_at"]) == (1, "2026-11-23", "2026-11-23T08:01:00Z")
    nonce = base64url.decode(told["nonce"])
    assert nonce is not None
    digest = tap_digest(told["verifier_id"], told["terminal_id"], told["purpose"], nonce, NOW)
    assert told["digest"] == base64url.encode(digest)
    assert told["time"] == int(NOW.timestamp())


def test_covered(service: Service, secret: str, sari: IssuedCard) -> None:
    answer = verified(service, secret, sari)
    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == COVERED_MEMBERS
    assert (told["outcome"], told["until"], told["state"]) == ("COVERED", "2027-02-28", "ACTIVE")
    assert told["receipt"]["recorded_at"] == "2026-11-23T08:00:00Z"
    # What a hospital does with the token: fetch the keys, verify.
    published = jwks.decode(service.get("/.well-known/jwks.json").content)
    token = eligibility_token.verify(
        told["token"], keys=published, issuer=ISSUER, audience=rows.identifier("verifier", 1), now=NOW
    )
    assert (token.covered, token.subject) == (True, told["subject"])


def test_lapsed_in_both_languages(service: Service, world: World, secret: str, sari: IssuedCard) -> None:
    world.pay(sari, paid("2026-01", "2026-06"))
    answer = verified(service, secret, sari)
    told = answer.json()
    assert answer.headers["content-language"] == "id"
    assert (told["outcome"], told["reason"]) == ("NOT_COVERED", "LAPSED")
    assert told["cure"]["amount_rupiah"] == 42_000
    assert told["cure"]["dues"][0] == {"programme": "JKK", "month": "2026-07", "amount_rupiah": 5_000}
    assert told["explanation"]["cause"] == "Perlindungan JKK berhenti: iuran terakhir untuk 2026-06."
    assert "Rp42.000" in told["explanation"]["remedy"]
    assert "until" not in told
    english = verified(service, secret, sari, **{"Accept-Language": "en-GB,en;q=0.9"})
    assert english.headers["content-language"] == "en"
    assert english.json()["explanation"]["cause"] == "JKK cover has lapsed: the last paid month is 2026-06."


def test_a_bus_learns_yes_or_no_and_nothing_more(service: Service, world: World, sari: IssuedCard) -> None:
    secret = world.register(5, VerifierKind.TRANSPORT, TRANSPORT)
    world.pay(sari, paid("2026-01", "2026-06"))
    challenge = service.challenge(secret, purpose="fare")
    answer = service.post("/v1/verifications", presented(challenge, tap(sari.insert(), challenge)), secret)
    told = answer.json()
    # That the card's own words are older than ours; what changed, or which way, is not told.
    assert told.pop("proof_is_old") is True
    assert set(told) == {"outcome", "programme", "as_of", "subject", "token", "token_expires_at", "receipt"}
    assert told["outcome"] == "NOT_COVERED"
    claims = base64url.decode(told["token"].split(".")[1])
    assert claims is not None
    assert b'"reason":"NOT_COVERED"' in claims


def test_a_clone_is_refused_and_the_receipt_finds_the_record(
    service: Service, world: World, secret: str, sari: IssuedCard
) -> None:
    challenge = service.challenge(secret)
    answer = service.post("/v1/verifications", presented(challenge, tap(sari.clone(), challenge)), secret)
    assert (answer.status_code, code_of(answer)) == (403, "tap-refused")
    assert "token" not in answer.json()
    (event,) = world.trail()
    assert event.detail["receipt_id"] == answer.json()["receipt_id"]


def test_anothers_challenge_gets_to_the_byte_what_an_unknown_one_gets(
    service: Service, world: World, secret: str, sari: IssuedCard
) -> None:
    other = world.register(2)
    theirs = service.challenge(other)
    body = presented(theirs, tap(sari.insert(), theirs))
    answers = [
        service.post("/v1/verifications", body, secret),
        service.post("/v1/verifications", body | {"challenge": "0" * 32}, secret),
    ]
    assert code_of(answers[0]) == "challenge-not-valid"
    assert answers[0].content == answers[1].content
    assert dict(answers[0].headers) == dict(answers[1].headers)


def test_sabotage_a_store_that_forgets_whose_challenge_it_is_tells_them_apart(
    service: Service, world: World, secret: str, sari: IssuedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = world.register(2)
    theirs = service.challenge(other)
    body = presented(theirs, tap(sari.insert(), theirs))
    asked = world.store.answer

    async def for_anyone(**question: object) -> object:
        return await asked(**question | {"verifier_id": rows.identifier("verifier", 2)})  # type: ignore[arg-type]  # the sabotage

    monkeypatch.setattr(world.store, "answer", for_anyone)
    assert service.post("/v1/verifications", body, secret).status_code != 409


def test_used_expired_and_wrong_terminal_look_the_same(
    service: Service, world: World, secret: str, sari: IssuedCard
) -> None:
    challenge, other, late = (service.challenge(secret) for _ in range(3))
    body = presented(challenge, tap(sari.insert(), challenge))
    assert service.post("/v1/verifications", body, secret).status_code == 200
    answers = [
        service.post("/v1/verifications", body, secret),
        service.post("/v1/verifications", presented(other, tap(sari.insert(), other), terminal_id="loket-4"), secret),
    ]
    world.clock.time += timedelta(seconds=61)
    answers.append(service.post("/v1/verifications", presented(late, tap(sari.insert(), late)), secret))
    assert {code_of(answer) for answer in answers} == {"challenge-not-valid"}
    assert len({answer.content for answer in answers}) == 1


def test_a_suspended_card_looks_like_an_unknown_one(
    service: Service, world: World, secret: str, sari: IssuedCard, budi: IssuedCard
) -> None:
    world.move(sari, CardState.ACTIVE, CardState.SUSPENDED)
    suspended, unknown = verified(service, secret, sari), verified(service, secret, budi)
    assert code_of(suspended) == code_of(unknown) == "card-not-valid"
    differing = {name for name in suspended.json() if suspended.json()[name] != unknown.json()[name]}
    assert differing == {"receipt_id"}


def test_a_revoked_verifier_is_unknown_within_seconds(service: Service, world: World, secret: str) -> None:
    assert service.post("/v1/challenges", ASKED, secret).status_code == 201
    world.clock.time += timedelta(seconds=1)
    with world.database.begin() as connection:
        revoke(connection, rows.identifier("verifier", 1), world.clock())
    world.clock.time += timedelta(seconds=5)
    assert code_of(service.post("/v1/challenges", ASKED, secret)) == "caller-unknown"
