# SPDX-License-Identifier: Apache-2.0
"""A cover proof renewed through a desk that has no books and no keys: one sector, step by step, no state kept between two steps (decision 0097).

As ``refresh``: intent stored, signed and stored, written and read back, outcome and audit event. What a step needs of the one before it is in
the answers that the desk hands in again, and in the records.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.dialogues.renew_proof import OneSector, renew_proof
from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.script import Script
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.refresh import STEP, outcome_of, put_down, sign_anew, stale
from cardservice.keys import Purpose
from cardservice.records import cover_proofs, journal
from cardservice.records.cards import Card
from cardservice.records.journal import Phase
from cardservice.records.standing import CardStanding


@dataclass(frozen=True, slots=True)
class Visit:
    """One card at one desk: the face that the desk may see, since when it is there, and the host challenge of this visit (8 bytes)."""

    card: Card
    face: CardStanding
    since: datetime
    host_challenge: bytes


@dataclass(frozen=True, slots=True)
class Renewed:
    """The end of a visit: whether a new proof is on the card, or the old one was good."""

    written: bool


def go_on(bureau: Bureau, visit: Visit, responses: Sequence[ResponseApdu]) -> Script | Renewed:
    """What comes after these answers (all of the visit, in order): the next commands, or the end.

    Raises what the card, the keys and the records raise, and UnexpectedResponse for more answers than there were commands.
    """
    kdd = visit.card.kdd
    assert kdd is not None, "a live card has key diversification data"
    dialogue = renew_proof(
        bureau.keys.card_keys,
        OneSector(visit.face.sector, kdd),
        visit.host_challenge,
        renew=lambda on_card: _proof(bureau, visit, on_card),
    )
    left = list(responses)
    try:
        script = next(dialogue)
        while left:
            answers, left = left[: len(script.steps)], left[len(script.steps) :]
            script = dialogue.send(answers)
    except StopIteration as end:
        if left:
            raise UnexpectedResponse(step="renewal", rule="no more answers than commands") from None
        return _ended(bureau, visit, end.value)
    return script


def _proof(bureau: Bureau, visit: Visit, on_card: bytes) -> bytes | None:
    """The proof of this visit: the one signed for it already, however often a step is asked for again; else a new one where it is stale."""
    at, face = bureau.now(), visit.face
    with bureau.database.read() as connection:
        latest = cover_proofs.latest(connection, face.card_id, face.sector)
    if latest is not None and latest.signed_at >= visit.since:
        return None if latest.proof == on_card else latest.proof
    keys, pack = [bureau.keys.signer(Purpose.COVER_PROOF).verifying_key], bureau.packs.at(at).number
    why = stale(on_card, face, keys=keys, rule_pack=pack, at=at)
    if why is None:
        return None
    return sign_anew(bureau, visit.card, {face.sector: face}, {face.sector: why}, at)[face.sector]


def _ended(bureau: Bureau, visit: Visit, proof: bytes | None) -> Renewed:
    if proof is None:
        return Renewed(written=False)
    written = {visit.face.sector: proof}
    with bureau.database.begin() as connection:
        lines = [line for line in journal.of_card(connection, visit.card.card_id) if line.step == STEP]
        if not any(line.phase is Phase.OUTCOME and line.detail == outcome_of(written) for line in lines):
            intended = next(line.detail for line in reversed(lines) if line.phase is Phase.INTENT)
            assert isinstance(intended, dict), "the reason by sector"
            put_down(connection, visit.card, written, intended, bureau.now())
    return Renewed(written=True)
