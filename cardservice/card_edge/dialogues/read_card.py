# SPDX-License-Identifier: Apache-2.0
"""What any card says of itself to anybody: chip, key sets, PIV identifier and PIN state, sectors with their cover proofs. One yield.

No key and no PIN is needed, and nothing changes on the card. A card of somebody else's answers some of it, or nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cardservice.card_edge.batch import Batch, Pending
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.personalization_plan import issuer_versions
from cardservice.card_edge.globalplatform.cplc import parse_cplc
from cardservice.card_edge.globalplatform.get_data import CARD_PRODUCTION_LIFE_CYCLE, KEY_INFORMATION, get_data
from cardservice.card_edge.globalplatform.key_information import key_versions, parse_key_information
from cardservice.card_edge.globalplatform.select import ISSUER_SECURITY_DOMAIN, select
from cardservice.card_edge.piv.chuid import Chuid, parse_chuid
from cardservice.card_edge.piv.get_data import get_data as get_object
from cardservice.card_edge.piv.get_data import parse_get_data
from cardservice.card_edge.piv.object import CHUID
from cardservice.card_edge.piv.select import select_piv
from cardservice.card_edge.piv.verify import ANSWERS as PIN_ANSWERS
from cardservice.card_edge.piv.verify import PinState, parse_pin_state, pin_state
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.select import parse_sector_select, select_sector
from cardservice.card_edge.status_word import StatusWord

# ISO/IEC 7816-4, 5.6: a question that is refused is an answer too, and the next one is asked all the same.
ANY_ANSWER = frozenset({0x9000, *range(0x6200, 0x7000)})


@dataclass(frozen=True, slots=True)
class PivReading:
    """The PIV application. ``chuid`` is None before personalization, ``pin`` where the interface does not tell."""

    chuid: Chuid | None
    pin: PinState | None


@dataclass(frozen=True, slots=True)
class CardReading:
    """What was said; nothing here is proven. ``sectors`` maps each sector that is there to its cover proof, empty before the first."""

    chip_serial: str | None  # None where the card has no CPLC for us
    key_versions: frozenset[int]
    piv: PivReading | None
    sectors: Mapping[int, bytes]

    @property
    def blank(self) -> bool:
        """Whether it has key sets, and none of ours."""
        return bool(self.key_versions) and not issuer_versions(self.key_versions)


def read_card(sectors: Iterable[int]) -> Dialogue[CardReading]:
    """Ask for everything, these sectors included. Raises MalformedTlv or UnexpectedResponse for answers that are none."""
    batch = Batch()
    domain = batch.add("SELECT ISD", select(ISSUER_SECURITY_DOMAIN), accept=ANY_ANSWER)
    cplc = batch.add("GET DATA CPLC", get_data(CARD_PRODUCTION_LIFE_CYCLE), accept=ANY_ANSWER)
    keys = batch.add("GET DATA key information", get_data(KEY_INFORMATION), accept=ANY_ANSWER)
    piv = batch.add("SELECT PIV", select_piv(), accept=ANY_ANSWER)
    chuid = batch.add("GET DATA CHUID", get_object(CHUID.tag), accept=ANY_ANSWER)
    pin = batch.add("VERIFY, state of the PIN", pin_state(), accept=ANY_ANSWER)
    faces = {
        sector: batch.add(f"SELECT sector {sector:02X}", select_sector(sector_aid(sector)), accept=ANY_ANSWER)
        for sector in sectors
    }
    yield from batch.flush("read the card")
    has_domain = domain.sw in {StatusWord.SUCCESS, StatusWord.SELECTED_BUT_LOCKED}
    return CardReading(
        chip_serial=parse_cplc(cplc.data).chip_serial if has_domain and _given(cplc) else None,
        key_versions=key_versions(parse_key_information(keys.data)) if has_domain and _given(keys) else frozenset(),
        # Without PIV the two questions after it went to whatever was selected before.
        piv=_piv(chuid, pin) if _given(piv) else None,
        sectors={
            sector: parse_sector_select(face.data, sector_aid(sector)) for sector, face in faces.items() if _given(face)
        },
    )


def _given(answer: Pending) -> bool:
    return answer.sw == StatusWord.SUCCESS


def _piv(chuid: Pending, pin: Pending) -> PivReading:
    return PivReading(
        parse_chuid(parse_get_data(CHUID.tag, chuid.data)) if _given(chuid) else None,
        parse_pin_state(pin.response) if pin.sw in PIN_ANSWERS else None,
    )
