# SPDX-License-Identifier: Apache-2.0
"""A new cover proof in one sector of a live card, over a desk that only relays: two round trips, one where the proof is good.

Nothing but that sector is asked: a verifier's desk learns of the other sectors, and of the chip, no more than a tap tells it. The dialogue is a
function of its arguments and of the answers: played again with the answers so far it sends the same commands, so a service that keeps no
state between two requests can go on where another worker stopped.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.channel_opening import PUBLIC
from cardservice.card_edge.dialogues.chip import ANY_KEY_VERSION
from cardservice.card_edge.dialogues.personalization_plan import ISSUER_KEY_VERSIONS
from cardservice.card_edge.errors import CardNotAuthentic, UnexpectedResponse
from cardservice.card_edge.scp03.initialize_update import initialize_update, parse_initialize_update
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.cover_proof import put_cover_proof
from cardservice.card_edge.sector.select import parse_sector_select, select_sector
from cardservice.keys import CardKeys, KeyOrigin, KeySet, SessionRequest

RenewOne = Callable[[bytes], bytes | None]


@dataclass(frozen=True, slots=True)
class OneSector:
    """Which sector of which card: ``kdd`` (10 bytes) is the card's as the records know it, not as the desk tells it."""

    sector: int
    kdd: bytes


def renew_proof(keys: CardKeys, face: OneSector, host_challenge: bytes, *, renew: RenewOne) -> Dialogue[bytes | None]:
    """Renew one sector's cover proof; the proof that was written and read back, None where ``renew`` found nothing to write.

    ``host_challenge`` is 8 bytes. ``renew`` is told the proof on the card and gives the new one. Raises CardNotAuthentic before it is
    asked, where the card has not the sector's keys, and UnexpectedResponse where the card does not hold what was written.
    """
    aid, what = sector_aid(face.sector), f"sector {face.sector:02X}"
    batch = Batch()
    selected = batch.add(f"SELECT {what}", select_sector(aid))
    answer = batch.add("INITIALIZE UPDATE", initialize_update(ANY_KEY_VERSION, host_challenge))
    yield from batch.flush("see the cover proofs")
    told = parse_initialize_update(answer.data)
    if told.key_version_number not in ISSUER_KEY_VERSIONS:
        raise CardNotAuthentic(key_version_number=f"{told.key_version_number:02X}")
    told.parameter.require(PUBLIC)
    key_set = KeySet(KeyOrigin.SCHEME, told.key_version_number, face.kdd, face.sector)
    (session,) = keys.session_keys([SessionRequest(key_set, host_challenge, told.card_challenge)])
    told.verify(session)
    proof = renew(parse_sector_select(selected.data, aid))
    if proof is None:
        return None
    channel = SecureChannel(session, PUBLIC)
    batch.add(f"{what}: EXTERNAL AUTHENTICATE", channel.external_authenticate())
    batch.add(f"PUT DATA cover proof {what}", put_cover_proof(proof), channel=channel)
    written = batch.add(f"SELECT {what}", select_sector(aid))
    yield from batch.flush("write cover proofs, read back")
    if parse_sector_select(written.data, aid) != proof:
        raise UnexpectedResponse(step=f"SELECT {what}", rule="the cover proof that was written")
    return proof
