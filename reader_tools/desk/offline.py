# SPDX-License-Identifier: Apache-2.0
"""Off line: the desk makes its own challenge, checks the tap under the card's cover proof, and decides from what the proof says.

It can't know of a card reported lost since the proof was signed (35 days at most); the answer says until when the proof holds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cardservice.card_edge.dialogue import Card, run
from cardservice.card_edge.dialogues.prove_presence import prove_presence
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.tap import tap_digest, verify_tap
from cardservice.coverage.civil_time import civil_day
from cardservice.coverage.decision import Coverage
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.standing import Standing
from cardservice.credentials import cover_proof
from cardservice.keys import VerifyingKey
from reader_tools.desk.errors import RulePacksOlder
from reader_tools.desk.online import Question

NONCE_LENGTH = 16
CHALLENGE_ID_LENGTH = 4


@dataclass(frozen=True, slots=True)
class OfflineAnswer:
    """The decision, and how fresh what it rests on is."""

    decision: Coverage
    subject: bytes  # the card's name in this sector, 16 bytes
    stated_at: datetime
    proof_expires_at: datetime

    @property
    def covered(self) -> bool:
        """Whether the proof's own standing covers the day."""
        return bool(self.decision)


def verify_offline(
    card: Card,
    question: Question,
    *,
    sector: int,
    desk_name: str,
    keys: Sequence[VerifyingKey],
    packs: PacksInForce,
    entropy: Callable[[int], bytes],
    now: datetime,
) -> OfflineAnswer:
    """Decide from the card alone. Raises ProofRefused, TapNotProven, RulePacksOlder and the card's errors.

    1 own nonce and time into H; 2 tap; 3 the proof's signature and times under cached keys; 4 the tap under the proof's key; 5 rules that are
    no older than those the proof was signed under: a folder of packs whose newest was taken away decides nothing; 6 decide.
    """
    digest = tap_digest(desk_name, question.terminal_id, question.purpose, entropy(NONCE_LENGTH), now)
    challenge_id = entropy(CHALLENGE_ID_LENGTH)
    presence = run(prove_presence(sector, challenge_id, digest), card)
    proof = cover_proof.verify(presence.cover_proof, keys=keys, issuer=cover_proof.ISSUER, now=now)
    verify_tap(proof.claims.card_key, sector_aid(sector), challenge_id, digest, presence.signature)
    newest = max(pack.rules.number for pack in packs.packs)
    if proof.claims.rule_pack > newest:
        raise RulePacksOlder(number=newest, proof_number=proof.claims.rule_pack)
    standing = Standing.of_cover_proof(proof.claims.paid_through, proof.claims.issued_at)
    if question.event_at is not None:
        decision = packs.coverage(standing, question.programme, question.event_at, knowledge_at=now)
    else:
        decision = packs.decide(standing, question.programme, question.service_date or civil_day(now), now=now)
    return OfflineAnswer(decision, proof.claims.subject, proof.claims.issued_at, proof.claims.expires_at)
