# SPDX-License-Identifier: Apache-2.0
"""One contract for every driver of a card, run on both: in process, and PC/SC through a private pcscd and vpcd."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from applets.virtual.runtime import Interface
from applets.virtual.tear import Tear, TearMode
from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.dialogue import Card, exchange
from cardservice.card_edge.status_word import StatusWord
from reader_tools.errors import CardRemoved, CommandNotShort, NoCard, ReaderBusy
from reader_tools.pcsc.driver import PcscCard
from reader_tools.reader import OpenCard, open_card
from reader_tools.virtual.card_stock import new_blank_card
from reader_tools.virtual.pcsc_slot import PcscSlot
from reader_tools.virtual.slot import Slot
from tests.private_pcscd import READERS, PrivatePcscd, require

SELECT_ISD = CommandApdu(0x00, 0xA4, 0x04, 0x00, bytes.fromhex("A000000151000000"), 256)
GET_CPLC = CommandApdu(0x80, 0xCA, 0x9F, 0x7F, b"", 256)


@dataclass(frozen=True)
class Desk:
    """A driver with the means to put in, take out and tear the card it drives."""

    opened: Callable[[], AbstractContextManager[OpenCard]]
    insert: Callable[[], Path]
    remove: Callable[[], object]
    tear: Callable[[Tear], object]


@pytest.fixture
def virtual_desk(tmp_path: Path) -> Desk:
    slot = Slot.of(tmp_path)

    def insert() -> Path:
        return slot.insert(new_blank_card(slot), Interface.CONTACT).image

    return Desk(lambda: open_card("virtual", tmp_path), insert, slot.remove, slot.arm)


@pytest.fixture
def pcsc_desk(pcscd: PrivatePcscd, tmp_path: Path) -> Iterator[Desk]:
    slot = PcscSlot.of(tmp_path, pcscd.port)

    def insert() -> Path:
        return Path(slot.insert(new_blank_card(Slot.of(tmp_path)), Interface.CONTACT).image)

    yield Desk(lambda: PcscCard(READERS[0]), insert, slot.remove, slot.arm)
    if slot.process:
        slot.remove()


@pytest.fixture(params=["virtual", pytest.param("pcsc", marks=pytest.mark.needs("pcscd", "pyscard"))])
def desk(request: pytest.FixtureRequest) -> Desk:
    if request.param == "pcsc":
        require()
    found: Desk = request.getfixturevalue(f"{request.param}_desk")
    return found


def cplc(card: Card) -> bytes:
    return exchange(GET_CPLC, card).data


def test_no_card(desk: Desk) -> None:
    with pytest.raises(NoCard), desk.opened():
        pass


def test_what_is_inserted_answers_with_its_own_serial(desk: Desk) -> None:
    image = desk.insert()
    with desk.opened() as card:
        assert card.atr == bytes.fromhex("3B9B968131FE4580F9A00000030800001000C4")
        assert exchange(SELECT_ISD, card).sw == StatusWord.SUCCESS
        assert image.stem in cplc(card).hex().upper()


def test_every_connection_begins_with_a_reset_card(desk: Desk) -> None:
    """What was selected and verified before is forgotten: an AID selected in one connection is not selected in the next."""
    desk.insert()
    with desk.opened() as card:
        after_reset = exchange(CommandApdu(0x00, 0xA4, 0x04, 0x00, b"", 256), card)
    with desk.opened() as card:
        assert exchange(CommandApdu(0x00, 0xA4, 0x04, 0x00, b"", 256), card) == after_reset


def test_one_user_at_a_time(desk: Desk) -> None:
    desk.insert()
    with desk.opened() as card:
        with pytest.raises(ReaderBusy), desk.opened():
            pass
        assert cplc(card)
    with desk.opened() as card:
        assert cplc(card)


def test_removed_in_the_middle(desk: Desk) -> None:
    desk.insert()
    with desk.opened() as card:
        cplc(card)
        desk.remove()
        for _ in range(2):
            with pytest.raises(CardRemoved):
                cplc(card)
    with pytest.raises(NoCard), desk.opened():
        pass


@pytest.mark.parametrize("mode", [TearMode.BEFORE, TearMode.AFTER])
def test_a_torn_card_is_a_removed_card_and_comes_back(desk: Desk, mode: TearMode) -> None:
    desk.insert()
    desk.tear(Tear(mode, 2))
    with desk.opened() as card:
        cplc(card)
        with pytest.raises(CardRemoved):
            cplc(card)
    for _ in range(60):
        try:
            with desk.opened() as card:
                assert cplc(card)
                break
        except (NoCard, CardRemoved):
            continue
    else:
        pytest.fail("the card did not come back")


def test_only_short_commands(desk: Desk) -> None:
    desk.insert()
    with desk.opened() as card, pytest.raises(CommandNotShort):
        card.transmit(bytes(262))
