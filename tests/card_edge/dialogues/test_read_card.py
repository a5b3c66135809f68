# SPDX-License-Identifier: Apache-2.0
"""What any card says to anybody: ours blank and finished, somebody else's, and hostile ones."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applets.virtual.card import VirtualCard
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.chip import probe
from cardservice.card_edge.dialogues.read_card import read_card
from cardservice.card_edge.errors import CardEdgeError, UnexpectedResponse
from cardservice.card_edge.script import Script
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.tlv import Tlv
from tests.card_edge.dialogues.bureau import Bureau

SECTORS = (0x01, 0x10, 0x20, 0x70)


class Answering:
    """A card that gives one answer to whatever is asked, except to some beginnings of commands."""

    def __init__(self, answer: str, exceptions: dict[str, bytes] | None = None) -> None:
        self.answer = bytes.fromhex(answer)
        self.exceptions = {bytes.fromhex(start): said for start, said in (exceptions or {}).items()}

    def transmit(self, command: bytes) -> bytes:
        return next((said for start, said in self.exceptions.items() if command.startswith(start)), self.answer)


def test_a_blank_card(blank: Callable[..., VirtualCard]) -> None:
    card = blank()
    scripts: list[Script] = []
    said = run(read_card(SECTORS), card, on_script=scripts.append)
    assert (len(scripts), scripts[0].apdus) == (1, 6 + len(SECTORS))
    card.reset()
    assert said.chip_serial == run(probe(bytes), card).chip.chip_serial
    assert (said.blank, said.piv) == (True, None)
    assert said.key_versions == {0xFF}
    assert said.sectors == {}


def test_a_finished_card(blank: Callable[..., VirtualCard], bureau: Bureau) -> None:
    card = blank()
    bureau.personalize(card)
    card.reset()
    said = run(read_card(SECTORS), card)
    assert not said.blank
    assert said.key_versions == {0x30}
    assert said.piv is not None
    assert said.piv.chuid is not None
    assert (said.piv.chuid.guid, said.piv.chuid.expires) == (bytes(range(16)), date(2031, 11, 22))
    assert said.piv.pin is not None
    assert said.piv.pin.attempts_remaining == 3
    assert set(said.sectors) == {0x01, 0x10, 0x70}
    assert all(said.sectors.values())


def test_reading_changes_nothing(blank: Callable[..., VirtualCard], bureau: Bureau) -> None:
    card = blank()
    bureau.personalize(card)
    card.reset()
    first = run(read_card(SECTORS), card)
    card.reset()
    assert run(read_card(SECTORS), card) == first


@pytest.mark.parametrize("sw", ["6A82", "6D00", "6E00", "6985", "6283"])
def test_somebody_elses_card_says_nothing(sw: str) -> None:
    said = run(read_card(SECTORS), Answering(sw))
    assert (said.chip_serial, said.blank, said.piv) == (None, False, None)
    assert said.key_versions == set()
    assert said.sectors == {}


def test_answers_after_a_select_that_failed_count_for_nothing() -> None:
    """Without the domain or PIV, what follows was answered by whatever was selected before."""
    cplc = bytes.fromhex("9F7F2A") + bytes(42) + b"\x90\x00"
    said = run(read_card(()), Answering("6A82", {"80CA9F7F": cplc, "00CB": b"\x90\x00", "0020": b"\x90\x00"}))
    assert (said.chip_serial, said.piv) == (None, None)


def test_a_sector_that_names_another_is_refused() -> None:
    fci = Tlv(0x6F, Tlv(0x84, sector_aid(0x20)) + Tlv(0xA5, Tlv(0x53, b"proof")))
    select = f"00A4040009{sector_aid(0x01).hex()}"
    with pytest.raises(UnexpectedResponse):
        run(read_card((0x01,)), Answering("6A82", {select: fci + b"\x90\x00"}))


def test_a_status_that_is_no_interindustry_one_stops_it() -> None:
    with pytest.raises(CardEdgeError):
        run(read_card(SECTORS), Answering("9100"))


@given(st.binary(max_size=64))
def test_whatever_a_card_says_ends_in_a_reading_or_our_error(data: bytes) -> None:
    try:
        said = run(read_card((0x01,)), Answering((data + b"\x90\x00").hex()))
    except CardEdgeError:
        return
    assert said.chip_serial is None or len(said.chip_serial) == 20
