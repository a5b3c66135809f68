# SPDX-License-Identifier: Apache-2.0
"""What is written down of a verification: enough to hold a dispute against and to say who looked, nothing to learn a person from."""

from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256

from cardservice.coverage.decision import Coverage
from cardservice.credentials.eligibility_token import EligibilityToken
from cardservice.records.audit_events import AuditEvent
from cardservice.records.canonical_json import Json
from cardservice.records.challenges import Challenge
from cardservice.records.hot_path.store import VerificationStore
from cardservice.records.standing import CardStanding
from cardservice.records.verifications import Verification
from cardservice.verification.answer import Outcome, Receipt
from cardservice.verification.challenge import Asker
from cardservice.verification.disclosure import Disclosure
from cardservice.verification.errors import VerificationError
from cardservice.verification.presentation import Presentation

ANSWERED, REFUSED = "verification.answered", "verification.refused"


@dataclass(frozen=True, slots=True)
class Trace:
    """Who asked what, and what was presented."""

    presentation: Presentation
    challenge: Challenge
    asker: Asker
    receipt: Receipt

    def facts(self) -> dict[str, Json]:
        """For the audit event. Of what the card gave only the hash is kept."""
        presented = self.presentation.cover_proof + self.presentation.signature
        event_at = self.challenge.event_at
        named: dict[str, Json] = {} if event_at is None else {"event_at": event_at.astimezone(UTC).isoformat()}
        return named | {
            "receipt_id": self.receipt.receipt_id,
            "verifier_id": self.asker.verifier_id,
            "challenge_id": self.challenge.challenge_id,
            "terminal_id": self.challenge.terminal_id,
            "purpose": self.challenge.purpose,
            "programme": self.challenge.programme.value,
            "as_of": self.challenge.service_date.isoformat(),
            "sector": self.asker.sector,
            "presented_sha256": sha256(presented).hexdigest(),
        }


async def record_answer(
    store: VerificationStore,
    trace: Trace,
    standing: CardStanding,
    decision: Coverage,
    told: Disclosure,
    token: EligibilityToken,
) -> None:
    """Append the verification and its audit event; the decision is kept whole, beside what of it was told."""
    outcome = (Outcome.COVERED if decision or decision.reason is None else decision.reason).value
    at = trace.receipt.recorded_at
    verification = Verification(
        card_id=standing.card_id,
        receipt_id=trace.receipt.receipt_id,
        verifier_id=trace.asker.verifier_id,
        challenge_id=trace.challenge.challenge_id,
        outcome=outcome,
        programme=decision.programme,
        as_of=decision.as_of,
        token_id=token.token_id,
        at=at,
    )
    detail = trace.facts() | {
        "outcome": outcome,
        "told": [claim.value for claim in sorted(told)],
        "token_id": token.token_id,
        "rule_pack": token.rule_pack,
    }
    await store.append(verification, AuditEvent(ANSWERED, at, detail, standing.card_id, standing.member_id))


async def record_refusal(store: VerificationStore, trace: Trace, refused: VerificationError) -> None:
    """Append the audit event of a presence that proved nothing. Whose card it may have been is not asserted."""
    detail = trace.facts() | {"outcome": refused.code, "rule": str(refused.evidence.get("rule", ""))}
    await store.append(None, AuditEvent(REFUSED, trace.receipt.recorded_at, detail))
