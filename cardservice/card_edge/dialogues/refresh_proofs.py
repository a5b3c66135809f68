# SPDX-License-Identifier: Apache-2.0
"""New cover proofs on a live card: look, ask each sector, write what is stale and read it back. Three round trips, two where nothing is stale.

The cover proof of a sector is one object, and the card replaces an object whole or not at all: torn anywhere, a sector has its old proof or
its new one, never none. Nothing else on the card is touched, and no PIN is needed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.channel_opening import CHALLENGE_LENGTH, ChannelOpener, Entropy
from cardservice.card_edge.dialogues.chip import ANY_KEY_VERSION, probe
from cardservice.card_edge.dialogues.ground import Groundwork
from cardservice.card_edge.dialogues.personalization_plan import ISSUER_KEY_VERSIONS, ChipFacts
from cardservice.card_edge.errors import CardNotAuthentic, UnexpectedResponse
from cardservice.card_edge.scp03.initialize_update import initialize_update, parse_initialize_update
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.cover_proof import put_cover_proof
from cardservice.card_edge.sector.select import parse_sector_select, select_sector
from cardservice.keys import ISSUER_SECTOR, CardKeys

SectorsOf = Callable[[ChipFacts], Sequence[int]]
Renew = Callable[[Mapping[int, bytes]], Mapping[int, bytes]]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The card, the proofs that were on it, and those that were written and read back, by sector."""

    chip: ChipFacts
    before: Mapping[int, bytes]
    written: Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class _Face:
    """What a sector says of itself. The key version is the card's word: the channel under that key set proves it, or is refused."""

    proof: bytes
    key_version: int
    counter: int | None


def refresh_proofs(keys: CardKeys, entropy: Entropy, *, sectors_of: SectorsOf, renew: Renew) -> Dialogue[Refreshed]:
    """Refresh the cover proofs of the card in the field.

    ``sectors_of`` is told which chip it is, and raises where it is not to be written; ``renew`` is told the proof of each sector and gives
    the new ones of those that are stale. Raises CardNotAuthentic before anything is written to a card without the sector's keys, and
    UnexpectedResponse where the card does not hold what was written.
    """
    seen = yield from probe(entropy)
    sectors = tuple(sectors_of(seen.chip))
    batch = Batch()
    faces = yield from _ask_sectors(batch, entropy, sectors)
    versions = {sector: face.key_version for sector, face in faces.items()}
    versions[ISSUER_SECTOR] = seen.initialize_update.key_version_number
    ground = Groundwork(seen, ChannelOpener(keys, entropy, seen.initialize_update.parameter), versions)
    for sector, face in faces.items():
        if face.counter is not None:
            ground.opener.counters[ground.sector_keys(sector)] = face.counter
    before = {sector: face.proof for sector, face in faces.items()}
    written = renew(before)
    ground.opener.foresee([ground.sector(sector) for sector in written])
    answers = {}
    for sector, proof in written.items():
        channel = yield from ground.select_sector(batch, sector)
        batch.add(f"PUT DATA cover proof sector {sector:02X}", put_cover_proof(proof), channel=channel)
        answers[sector] = batch.add(f"SELECT sector {sector:02X}", select_sector(sector_aid(sector)))
    yield from batch.flush("write cover proofs, read back")
    for sector, answer in answers.items():
        if parse_sector_select(answer.data, sector_aid(sector)) != written[sector]:
            raise UnexpectedResponse(step=f"SELECT sector {sector:02X}", rule="the cover proof that was written")
    return Refreshed(seen.chip, before, written)


def _ask_sectors(batch: Batch, entropy: Entropy, sectors: Sequence[int]) -> Dialogue[dict[int, _Face]]:
    """Each sector's proof and, of its one key set, the version and sequence counter, so that the next channel can be predicted."""
    asked = []
    for sector in sectors:
        selected = batch.add(f"SELECT sector {sector:02X}", select_sector(sector_aid(sector)))
        command = initialize_update(ANY_KEY_VERSION, entropy(CHALLENGE_LENGTH))
        asked.append((sector, selected, batch.add("INITIALIZE UPDATE", command)))
    yield from batch.flush("see the cover proofs")
    faces = {}
    for sector, selected, answer in asked:
        told = parse_initialize_update(answer.data)
        if told.key_version_number not in ISSUER_KEY_VERSIONS:
            raise CardNotAuthentic(key_version_number=f"{told.key_version_number:02X}")
        proof = parse_sector_select(selected.data, sector_aid(sector))
        faces[sector] = _Face(proof, told.key_version_number, told.sequence_counter)
    return faces
