# SPDX-License-Identifier: Apache-2.0
"""Blank chips as a supplier delivers them, and what a thief can copy of a card."""

from applets.virtual.card import VirtualCard
from applets.virtual.chip import CardState, PivMemory, SectorMemory, StaticKeySet
from applets.virtual.factory import blank_chip, clone_readable, transport_key_set
from cardservice.card_edge.tlv import Tlv
from tests.virtual.conftest import MASTER, counting_entropy, no_delay
from tests.virtual.host import PIN, PIV_AID, Host, sector_aid


def test_blank_chips_differ_in_serial_keys_and_diversification_data() -> None:
    entropy = counting_entropy()
    first, second = (blank_chip(entropy=entropy, transport_master=MASTER).chip for _ in range(2))
    assert first.life_cycle == CardState.OP_READY
    assert first.cplc != second.cplc
    assert first.kdd != second.kdd
    assert first.key_sets != second.key_sets
    assert len(first.key_sets[0].enc) == 32


def test_a_serial_that_was_ordered() -> None:
    chip = blank_chip(entropy=counting_entropy(), transport_master=MASTER, serial=bytes.fromhex("01020304")).chip
    assert chip.cplc[12:16].hex() == "01020304"
    assert len(chip.cplc) == 42


def test_the_transport_keys_open_the_card_and_anothers_do_not() -> None:
    image = blank_chip(entropy=counting_entropy(), transport_master=MASTER)
    host = Host(VirtualCard(image, delay=no_delay))
    host.must(host.open(transport_key_set(MASTER, image.chip.kdd)))
    answer = host.plain("8050FF0008000000000000000100").data
    assert answer[:10] == image.chip.kdd
    assert answer[10:13].hex() == "ff0370"


def test_a_clone_shows_the_same_and_proves_nothing(personal: Host, transport: StaticKeySet) -> None:
    personal.enter(PIV_AID, transport)
    for tag in ("5FC102", "5FC109"):
        element = Tlv(0x5C, bytes.fromhex(tag)) + Tlv(0x53, b"written")
        personal.must(personal.send(0x00, 0xDB, 0x3F, 0xFF, element, None))
    personal.enter(sector_aid(1), transport)
    personal.must(personal.send(0x00, 0x47, 0x00, 0x00, bytes.fromhex("AC03800111")))
    personal.must(personal.send(0x00, 0xDB, 0x3F, 0xFF, Tlv(0x5C, b"\x53") + Tlv(0x53, b"proof"), None))
    personal.must(personal.send(0x00, 0xD6, 0x00, 0x00, b"secret", None))
    genuine = personal.card.image
    image = clone_readable(genuine, counting_entropy(1_000_000))
    clone = Host(VirtualCard(image, delay=no_delay))
    assert clone.select(sector_aid(1)) == personal.select(sector_aid(1))
    assert clone.plain("80CA9F7F00") == personal.plain("80CA9F7F00")
    for ours, theirs in zip(genuine.chip.applications, image.chip.applications, strict=True):
        if isinstance(ours.memory, PivMemory) and isinstance(theirs.memory, PivMemory):
            assert theirs.memory.objects == {0x5FC102: b"written"}
            assert theirs.memory.pin.value != PIN or PIN == b"123456\xff\xff"
            assert not set(ours.memory.keys.values()) & set(theirs.memory.keys.values())
        elif isinstance(ours.memory, SectorMemory) and isinstance(theirs.memory, SectorMemory):
            assert theirs.memory.key != ours.memory.key or ours.memory.key is None
            assert b"secret" not in theirs.memory.data
    assert not {entry.enc for entry in genuine.chip.key_sets} & {entry.enc for entry in image.chip.key_sets}
