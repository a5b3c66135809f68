# SPDX-License-Identifier: Apache-2.0
"""The virtual reader's slot: what can be put in, taken out and torn, and what is said when it can't."""

import stat
from pathlib import Path

import pytest

from applets.virtual.runtime import Interface
from applets.virtual.tear import Tear, TearMode
from reader_tools.errors import (
    CardRemoved,
    CardTimeout,
    NoCard,
    ReaderBusy,
    VirtualImageMissing,
    VirtualImageRefused,
    VirtualSlotOccupied,
)
from reader_tools.virtual.card_stock import new_blank_card, new_clone
from reader_tools.virtual.driver import VirtualReaderCard
from reader_tools.virtual.slot import Slot, open_image

SELECT_ISD = bytes.fromhex("00A4040000")


@pytest.fixture
def slot(tmp_path: Path) -> Slot:
    return Slot.of(tmp_path)


def test_an_empty_slot_is_no_card(slot: Slot) -> None:
    for use in (slot.card, slot.remove, lambda: slot.arm(None), VirtualReaderCard(slot).__enter__):
        with pytest.raises(NoCard):
            use()


def test_a_blank_card_is_private_and_answers(slot: Slot) -> None:
    image = new_blank_card(slot)
    assert stat.S_IMODE(image.stat().st_mode) == 0o600
    slot.insert(image, Interface.CONTACT)
    with VirtualReaderCard(slot) as card:
        assert card.atr == bytes.fromhex("3B9B968131FE4580F9A00000030800001000C4")
        assert card.transmit(SELECT_ISD)[-2:] == b"\x90\x00"


def test_two_blank_cards_are_two_cards(slot: Slot) -> None:
    first, second = open_image(new_blank_card(slot)), open_image(new_blank_card(slot))
    assert first.chip.cplc != second.chip.cplc
    assert first.chip.kdd != second.chip.kdd


def test_contactless_shows_in_the_answer_to_reset(slot: Slot) -> None:
    slot.insert(new_blank_card(slot), Interface.CONTACTLESS)
    with VirtualReaderCard(slot) as card:
        assert card.atr == bytes.fromhex("3B8B800180F9A00000030800001000C8")


def test_one_card_at_a_time(slot: Slot) -> None:
    inserted = slot.insert(new_blank_card(slot), Interface.CONTACT)
    with pytest.raises(VirtualSlotOccupied) as raised:
        slot.insert(new_blank_card(slot), Interface.CONTACT)
    assert raised.value.evidence == {"image": inserted.image}
    assert slot.inserted == inserted


def test_what_is_removed_can_be_inserted_again_as_it_was(slot: Slot) -> None:
    inserted = slot.insert(new_blank_card(slot), Interface.CONTACT)
    before = inserted.image.read_bytes()
    assert slot.remove() == inserted
    assert slot.inserted is None
    slot.insert(inserted.image, Interface.CONTACT)
    assert inserted.image.read_bytes() == before


def test_images_that_are_missing_or_something_else_are_refused(slot: Slot, tmp_path: Path) -> None:
    with pytest.raises(VirtualImageMissing):
        slot.insert(tmp_path / "nowhere.card", Interface.CONTACT)
    other = tmp_path / "other.card"
    other.write_text("not a card")
    with pytest.raises(VirtualImageRefused):
        slot.insert(other, Interface.CONTACT)
    assert slot.inserted is None


def test_a_state_in_disorder_is_said_and_mended_by_removing(slot: Slot) -> None:
    slot.folder.mkdir()
    (slot.folder / "slot.json").write_text("{")
    with pytest.raises(VirtualImageRefused):
        VirtualReaderCard(slot).__enter__()
    with pytest.raises(VirtualImageRefused):
        slot.remove()
    assert slot.inserted is None


def test_in_use_means_busy_for_everybody_else(slot: Slot) -> None:
    slot.insert(new_blank_card(slot), Interface.CONTACT)
    with VirtualReaderCard(slot) as ours:
        with pytest.raises(ReaderBusy), VirtualReaderCard(slot):
            pass
        assert ours.transmit(SELECT_ISD)[-2:] == b"\x90\x00"
    with VirtualReaderCard(slot) as free_again:
        free_again.transmit(SELECT_ISD)


def test_removed_under_us_is_removed(slot: Slot) -> None:
    image = slot.insert(new_blank_card(slot), Interface.CONTACT).image
    with VirtualReaderCard(slot) as card:
        card.transmit(SELECT_ISD)
        slot.remove()
        with pytest.raises(CardRemoved):
            card.transmit(SELECT_ISD)
    slot.insert(image, Interface.CONTACT)
    with VirtualReaderCard(slot) as card:
        card.transmit(SELECT_ISD)


@pytest.mark.parametrize("mode", [TearMode.BEFORE, TearMode.AFTER])
def test_a_torn_card_is_removed_once_and_for_this_connection(slot: Slot, mode: TearMode) -> None:
    slot.insert(new_blank_card(slot), Interface.CONTACT)
    slot.arm(Tear(mode, 2))
    with VirtualReaderCard(slot) as card:
        card.transmit(SELECT_ISD)
        for _ in range(2):
            with pytest.raises(CardRemoved):
                card.transmit(SELECT_ISD)
    with VirtualReaderCard(slot) as card:
        card.transmit(SELECT_ISD)
        card.transmit(SELECT_ISD)


def test_a_disarmed_tear_does_not_happen(slot: Slot) -> None:
    slot.insert(new_blank_card(slot), Interface.CONTACT)
    slot.arm(Tear(TearMode.BEFORE, 1))
    slot.arm(None)
    with VirtualReaderCard(slot) as card:
        card.transmit(SELECT_ISD)


def test_a_dialogue_has_an_end(slot: Slot) -> None:
    slot.insert(new_blank_card(slot), Interface.CONTACT)
    with VirtualReaderCard(slot, dialogue_seconds=-1) as card, pytest.raises(CardTimeout):
        card.transmit(SELECT_ISD)


def test_a_clone_has_the_same_name_and_other_keys(slot: Slot) -> None:
    original = new_blank_card(slot)
    clone = open_image(new_clone(slot, original)).chip
    chip = open_image(original).chip
    assert (clone.cplc, clone.kdd) == (chip.cplc, chip.kdd)
    assert clone.key_sets != chip.key_sets


def test_no_key_in_what_is_shown(slot: Slot) -> None:
    """Transport keys of this blank card must not show in any repr on the way."""
    image = new_blank_card(slot)
    key = open_image(image).chip.key_sets[0].enc
    slot.insert(image, Interface.CONTACT)
    with VirtualReaderCard(slot) as card:
        shown = f"{card!r} {slot!r} {card._card!r} {card._inserted!r}"
    assert key.hex() not in shown
    assert repr(key) not in shown
