# SPDX-License-Identifier: Apache-2.0
"""A card is verified: presence, challenge, standing, decision, disclosure, token, record, answer (docs/architecture.md, decision 0070).

The challenge is used up before anything is told, the record is durable before the answer leaves: a crash may cost a verifier one more tap,
and never leaves an answer that is not on record.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cardservice.coverage.decision import Coverage
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.credentials import base64url
from cardservice.credentials.eligibility_token import EligibilityToken
from cardservice.issuance.refresh import stale_claims
from cardservice.keys import VerifyingKey
from cardservice.records.card_state import CardState
from cardservice.records.challenges import Challenge
from cardservice.records.hot_path.store import Answered, VerificationStore
from cardservice.records.standing import CardStanding, CardStatus
from cardservice.verification.answer import Receipt, ToldCover, Verified, tell
from cardservice.verification.challenge import Asker
from cardservice.verification.disclosure import disclosed
from cardservice.verification.errors import CardNotValid, ChallengeNotValid, TapRefused, VerificationError
from cardservice.verification.presence import VouchedKey, prove_tap, vouched_key
from cardservice.verification.presentation import Presentation
from cardservice.verification.record import Trace, record_answer, record_refusal

TOKEN_LIFE = timedelta(minutes=5)
MAX_CLOCK_STEP = timedelta(seconds=5)  # how far the clocks of two of our own workers may differ
IDENTIFIER_LENGTH = 16
NO_KEY = bytes(32)  # the thumbprint of no key: asks the store to use up a challenge and find nobody


@dataclass(frozen=True, slots=True)
class Means:
    """With what a verification is made. ``issuer`` is the iss of tokens; ``sign`` signs one and raises what the keys raise."""

    store: VerificationStore
    sign: Callable[[EligibilityToken], Awaitable[str]]
    cover_proof_keys: Callable[[], Awaitable[Sequence[VerifyingKey]]]
    issuer: str
    packs: PacksInForce
    randomness: Callable[[int], bytes]


async def verify(presentation: Presentation, asker: Asker, *, means: Means, now: datetime) -> Verified:
    """Verify one presentation at ``now`` (aware).

    Raises ChallengeNotValid, PresenceRefused (recorded; its receipt_id finds the record), and what store and keys raise.
    """
    receipt = Receipt(means.randomness(IDENTIFIER_LENGTH).hex(), now)
    # 1. The cover proof is the scheme's, and names the key to expect.
    key = _vouched(presentation, keys=await means.cover_proof_keys(), now=now)
    # 2. The challenge is this verifier's, fresh, and from here on used; the standing comes in the same step.
    answered = await means.store.answer(
        challenge_id=presentation.handle,
        verifier_id=asker.verifier_id,
        key_thumbprint=key.thumbprint if isinstance(key, VouchedKey) else NO_KEY,
        now=now,
    )
    if not isinstance(answered, Answered):
        raise ChallengeNotValid(rule=answered.reason.value)
    trace = Trace(presentation, answered.challenge, asker, receipt)
    try:
        standing, proven = _proven(presentation, asker, key, answered, now)
    except VerificationError as refused:
        await record_refusal(means.store, trace, refused)
        raise type(refused)(**refused.evidence, receipt_id=receipt.receipt_id) from None
    # 6. Is the holder covered, by what we know now.
    decision = _decided(standing, answered.challenge, means.packs, now)
    # 7. What this verifier may learn of it.
    claims = disclosed(asker.kind, presentation.purpose)
    cover = tell(decision, claims)
    # 8. Signed, but not given yet.
    token = _token(cover, standing, proven, asker, means, challenge=answered.challenge, now=now)
    signed = await means.sign(token)
    # 9. Written down, or no answer.
    await record_answer(means.store, trace, standing, decision, claims, token)
    # 10. Given, with whether the card says less than the books.
    stale = stale_claims(proven.claims, standing, rule_pack=means.packs.at(now).number, at=now)
    return Verified(cover, token.subject, signed, token.expires_at, receipt, stale)


def _decided(standing: CardStanding, challenge: Challenge, packs: PacksInForce, now: datetime) -> Coverage:
    """At the moment of the event where it was named, or else for the day."""
    member = standing.paid.for_coverage()
    if challenge.event_at is not None:
        return packs.coverage(member, challenge.programme, challenge.event_at, knowledge_at=now)
    return packs.decide(member, challenge.programme, challenge.service_date, now=now)


def _rule_pack(challenge: Challenge, packs: PacksInForce, now: datetime) -> int:
    """The number of the pack that decided: that of the day of the event, by what is known now."""
    day, event_at = challenge.service_date, challenge.event_at
    return (packs.on(day, known_at=now) if event_at is None else packs.at(event_at, known_at=now)).number


def _vouched(
    presentation: Presentation, *, keys: Sequence[VerifyingKey], now: datetime
) -> VouchedKey | VerificationError:
    """The key, or why not: a refusal is raised only once the challenge is known to be the caller's, so that it costs the challenge."""
    try:
        return vouched_key(presentation.cover_proof, keys=keys, now=now)
    except VerificationError as refused:
        return refused


def _proven(
    presentation: Presentation, asker: Asker, key: VouchedKey | VerificationError, answered: Answered, now: datetime
) -> tuple[CardStanding, VouchedKey]:
    # 3. Terminal and purpose are those that the challenge was asked for.
    _require_same_question(presentation, answered.challenge, now)
    if not isinstance(key, VouchedKey):
        raise key
    # 4. The card's key signed this challenge, as the sector that this verifier may see.
    if presentation.sector != asker.sector:
        raise TapRefused(rule="the sector of the challenge")
    prove_tap(key, answered.challenge, asker.sector, presentation.signature)
    # 5. The card behind the key is good today.
    return _good(answered.standing, key, asker), key


def _require_same_question(presentation: Presentation, challenge: Challenge, now: datetime) -> None:
    rules = {
        "terminal": challenge.terminal_id == presentation.terminal_id,
        "purpose": challenge.purpose == presentation.purpose.value,
        "clock": challenge.issued_at - MAX_CLOCK_STEP <= now,
    }
    broken = next((rule for rule, holds in rules.items() if not holds), None)
    if broken is not None:
        raise ChallengeNotValid(rule=broken)


def _good(standing: CardStanding | None, key: VouchedKey, asker: Asker) -> CardStanding:
    if standing is None:
        raise CardNotValid(rule="known")
    rules = {
        "sector": standing.sector == asker.sector,
        "pseudonym": standing.face == key.claims.subject,
        "active": standing.life_cycle is CardState.ACTIVE and standing.status is CardStatus.VALID,
    }
    broken = next((rule for rule, holds in rules.items() if not holds), None)
    if broken is not None:
        raise CardNotValid(rule=broken)
    return standing


def _token(
    cover: ToldCover,
    standing: CardStanding,
    key: VouchedKey,
    asker: Asker,
    means: Means,
    *,
    challenge: Challenge,
    now: datetime,
) -> EligibilityToken:
    """The answer to this challenge: its jti is the challenge, which was used up before, so that no earlier answer can be put in its place."""
    issued_at = now.replace(microsecond=0)
    return EligibilityToken(
        issuer=means.issuer,
        audience=asker.verifier_id,
        subject=base64url.encode(standing.face),
        token_id=challenge.challenge_id,
        issued_at=issued_at,
        expires_at=issued_at + TOKEN_LIFE,
        as_of=cover.as_of,
        programme=cover.programme.value,
        assurance=key.claims.assurance,
        card_key_thumbprint=base64url.encode(key.thumbprint),
        covered=bool(cover),
        until=cover.until,
        reason=cover.token_reason,
        sector=standing.sector,
        rule_pack=_rule_pack(challenge, means.packs, now),
    )
