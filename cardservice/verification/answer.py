# SPDX-License-Identifier: Apache-2.0
"""The answer to a proven presence: a value that is falsy when the holder is not covered, and tells what this verifier may learn."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from cardservice.coverage.decision import Coverage, CoverState, Cure, Reason
from cardservice.coverage.programme import Programme
from cardservice.issuance.refresh import Stale
from cardservice.verification.disclosure import Claim, Disclosure

UNTOLD_REASON = "NOT_COVERED"  # the token's reason for a verifier that may not learn why


class Outcome(StrEnum):
    """Yes or no."""

    COVERED = "COVERED"
    NOT_COVERED = "NOT_COVERED"


@dataclass(frozen=True, slots=True)
class ToldCover:
    """A decision, cut to what one verifier may learn. What it may not learn is None, as is what does not apply.

    ``text_code`` and ``evidence`` find the words for the reason, where it is told. ``benefit_limit`` is in whole rupiah.
    """

    outcome: Outcome
    programme: Programme
    as_of: date
    until: date | None = None
    state: CoverState | None = None
    benefit_limit: int | None = None
    reason: Reason | None = None
    reasons: tuple[Reason, ...] = ()
    cure: Cure | None = None
    text_code: str | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.outcome is Outcome.COVERED

    @property
    def token_reason(self) -> str | None:
        """What the token says for a reason: none if covered."""
        if self:
            return None
        return UNTOLD_REASON if self.reason is None else self.reason.value


@dataclass(frozen=True, slots=True)
class Receipt:
    """That this answer was given, and written down before: by its number it is found again."""

    receipt_id: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Verified:
    """A card that was proven present, what may be told of its holder's cover, the signed token and the receipt."""

    cover: ToldCover
    subject: str  # the holder's pseudonym in this verifier's sector, base64url
    token: str = field(repr=False)
    token_expires_at: datetime
    receipt: Receipt
    stale: Stale | None = None  # why the proof that was presented is older than the books, if it is

    def __bool__(self) -> bool:
        return bool(self.cover)


def tell(decision: Coverage, claims: Disclosure) -> ToldCover:
    """Cut a decision to what is disclosed."""
    if decision:
        return _tell_covered(decision, claims)
    told = ToldCover(Outcome.NOT_COVERED, decision.programme, decision.as_of)
    if Claim.REASON not in claims:
        return told
    if Claim.CURE not in claims:
        # Without the cure the words must not name its amount, nor the month that was paid last.
        decision = replace(decision, cure=None, paid_through=None)
    return replace(
        told,
        reason=decision.reason,
        reasons=decision.reasons,
        cure=decision.cure,
        text_code=decision.text_code,
        evidence=decision.evidence,
    )


def _tell_covered(decision: Coverage, claims: Disclosure) -> ToldCover:
    if Claim.CURE not in claims:
        decision = replace(decision, cure=None, paid_through=None)
    told = ToldCover(Outcome.COVERED, decision.programme, decision.as_of)
    if Claim.UNTIL in claims:
        told = replace(
            told,
            until=decision.until,
            state=decision.state,
            reasons=decision.reasons,
            text_code=decision.text_code,
            evidence=decision.evidence,
        )
    if Claim.BENEFIT in claims:
        told = replace(told, benefit_limit=decision.benefit_limit)
    return replace(told, cure=decision.cure)
