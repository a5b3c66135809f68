# SPDX-License-Identifier: Apache-2.0
"""After a proven tap: the verifier's desk relays a new cover proof to the card, if the one it presented is older than the books (decision 0097)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.dialogues.channel_opening import CHALLENGE_LENGTH
from cardservice.card_edge.errors import CardEdgeError
from cardservice.card_edge.script import Script
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.relayed_refresh import Renewed, Visit, go_on
from cardservice.records import cards, standing, verifications
from cardservice.records.card_state import CardState
from cardservice.records.errors import ConstraintRefused, JournalConflict
from cardservice.verification.challenge import Asker
from cardservice.verification.errors import RenewalRefused

LIFE = timedelta(
    seconds=60
)  # a card stays no longer at a reader, and a receipt is no lasting right to open channels to it
_HOST_CHALLENGE = b"kartu renewal"


def renew(receipt_id: str, responses: Sequence[ResponseApdu], asker: Asker, *, bureau: Bureau) -> Script | Renewed:
    """The next commands for the card whose verification has this receipt, or the end. ``responses`` are all answers of this renewal so far.

    Raises RenewalRefused: no such verification of this verifier within the last minute, a card out of use, or a card whose answers are
    not those of its keys; and what records and keys raise.
    """
    visit = _visit(receipt_id, asker, bureau)
    try:
        return go_on(bureau, visit, responses)
    except CardEdgeError as refused:
        raise RenewalRefused(rule=refused.code) from None
    except (JournalConflict, ConstraintRefused) as crossed:
        raise RenewalRefused(
            rule=crossed.code
        ) from None  # the same call, made twice at the same moment: the other one goes on


def _visit(receipt_id: str, asker: Asker, bureau: Bureau) -> Visit:
    now = bureau.now()
    with bureau.database.read() as connection:
        kept = verifications.find_by_receipt(connection, receipt_id)
        if kept is None or kept.verification.verifier_id != asker.verifier_id:
            raise RenewalRefused(rule="receipt")
        verified = kept.verification
        if not _fresh(verified.at, now):
            raise RenewalRefused(rule="age")
        card = cards.get(connection, verified.card_id)
        if card.state is not CardState.ACTIVE:
            raise RenewalRefused(rule="state")
        face = standing.get(connection, verified.card_id, asker.sector)
    # Ours, never used before, and the same for every worker: a receipt number is 128 random bits of our own, given out once.
    challenge = sha256(_HOST_CHALLENGE + bytes.fromhex(receipt_id)).digest()[:CHALLENGE_LENGTH]
    return Visit(card, face, verified.at, challenge)


def _fresh(at: datetime, now: datetime) -> bool:
    return -LIFE < now - at < LIFE
