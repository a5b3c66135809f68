# SPDX-License-Identifier: Apache-2.0
"""PIV objects and their access rules, over contacts and through the air."""

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.chip import StaticKeySet
from applets.virtual.errors import CardTorn
from applets.virtual.runtime import Interface
from applets.virtual.tear import Tear, TearMode, WritePhase
from cardservice.card_edge.tlv import Tlv, find
from tests.virtual.conftest import counting_entropy, no_delay
from tests.virtual.host import PIN, PIV_AID, Host

DISCOVERY = "7E124F0BA0000003080000100001005F2F024000"


def name(tag: int) -> bytes:
    return Tlv(0x5C, tag.to_bytes((tag.bit_length() + 7) // 8, "big"))


def put(host: Host, tag: int, content: bytes) -> int:
    return host.send(0x00, 0xDB, 0x3F, 0xFF, name(tag) + Tlv(0x53, content), None).sw


def get(host: Host, tag: int) -> tuple[int, bytes]:
    answer = host.send(0x00, 0xCB, 0x3F, 0xFF, name(tag))
    return answer.sw, answer.data


@pytest.fixture
def written(personal: Host, transport: StaticKeySet) -> Host:
    personal.enter(PIV_AID, transport)
    assert put(personal, 0x5FC105, bytes(range(256)) * 4) == 0x9000
    assert put(personal, 0x5FC102, b"chuid") == 0x9000
    assert put(personal, 0x5FC109, b"printed") == 0x9000
    personal.select(PIV_AID)
    return personal


def test_the_property_template(personal: Host) -> None:
    template = personal.must(personal.select(PIV_AID))
    assert find(template, 0x61, 0x4F) == bytes.fromhex("000010000100")
    assert find(template, 0x61, 0x79, 0x4F) == bytes.fromhex("A000000308")
    assert find(template, 0x61, 0xAC, 0x80) == b"\x11"


@pytest.mark.parametrize("length", [5, 9, 11])
def test_select_by_any_usual_prefix(personal: Host, length: int) -> None:
    assert personal.select(PIV_AID[:length]).sw == 0x9000


def test_a_long_object_comes_back_whole_over_get_response(written: Host) -> None:
    assert get(written, 0x5FC105) == (0x9000, bytes(Tlv(0x53, bytes(range(256)) * 4)))


def test_the_discovery_object_is_there_from_the_start(personal: Host) -> None:
    assert get(personal, 0x7E) == (0x9000, bytes.fromhex(DISCOVERY))


def test_printed_information_wants_the_pin(written: Host) -> None:
    assert get(written, 0x5FC109)[0] == 0x6982
    written.send(0x00, 0x20, 0x00, 0x80, PIN, None)
    assert get(written, 0x5FC109) == (0x9000, bytes(Tlv(0x53, b"printed")))


@pytest.mark.parametrize(("tag", "sw"), [(0x5FC101, 0x6A82), (0x5FC103, 0x6982), (0x7F61, 0x6A82), (0x5FFF01, 0x6A82)])
def test_what_is_not_there(personal: Host, tag: int, sw: int) -> None:
    assert get(personal, tag)[0] == sw


def test_an_empty_53_deletes(written: Host, transport: StaticKeySet) -> None:
    written.enter(PIV_AID, transport)
    assert put(written, 0x5FC102, b"") == 0x9000
    assert get(written, 0x5FC102)[0] == 0x6A82


def test_put_data_without_a_channel_is_refused(personal: Host) -> None:
    assert put(personal, 0x5FC102, b"mine") == 0x6982


@pytest.mark.parametrize(
    ("data", "sw"),
    [
        ("", 0x6A80),
        ("5C035FC1", 0x6A80),
        ("5C035FC10253", 0x6A80),
        ("5C035FC102530100530100", 0x6A80),
        ("5C035FC102540100", 0x6A80),
        ("5C035FC199530100", 0x6A82),
        ("5C045FC10201530100", 0x6A80),
    ],
)
def test_malformed_put_data(personal: Host, transport: StaticKeySet, data: str, sw: int) -> None:
    personal.enter(PIV_AID, transport)
    assert personal.send(0x00, 0xDB, 0x3F, 0xFF, bytes.fromhex(data), None).sw == sw


def test_an_object_too_large(personal: Host, transport: StaticKeySet) -> None:
    personal.enter(PIV_AID, transport)
    assert put(personal, 0x5FC105, bytes(0xC00)) == 0x9000
    assert put(personal, 0x5FC105, bytes(0xC01)) == 0x6A84


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00CB3FFE035C017E00", 0x6A86),
        ("00CB3FFF0000", 0x6700),
        ("00CB3FFF015C00", 0x6A80),
        ("80CB3FFF035C017E00", 0x6E00),
        ("00FD000000", 0x6D00),
        ("00F8000000", 0x6D00),
        ("00CADF3005", 0x6D00),
    ],
)
def test_malformed_get_data(personal: Host, command: str, sw: int) -> None:
    assert personal.plain_raw(command).sw == sw


@pytest.mark.parametrize("phase", list(WritePhase))
def test_a_torn_write_leaves_the_old_object(written: Host, transport: StaticKeySet, phase: WritePhase) -> None:
    written.enter(PIV_AID, transport)
    written.card.image.arm(Tear(TearMode.WRITE, 1, phase))
    with pytest.raises(CardTorn):
        put(written, 0x5FC102, b"another")
    written.card.reset()
    written.select(PIV_AID)
    assert get(written, 0x5FC102) == (0x9000, bytes(Tlv(0x53, b"chuid")))


@pytest.fixture
def in_the_air(written: Host) -> Host:
    card = VirtualCard(written.card.image, interface=Interface.CONTACTLESS, entropy=counting_entropy(), delay=no_delay)
    host = Host(card)
    host.select(PIV_AID)
    return host


def test_through_the_air_piv_shows_itself_and_its_discovery_object_only(in_the_air: Host) -> None:
    assert in_the_air.select(PIV_AID).sw == 0x9000
    assert get(in_the_air, 0x7E)[0] == 0x9000
    assert [get(in_the_air, tag)[0] for tag in (0x5FC102, 0x5FC105, 0x5FC109)] == [0x6982] * 3


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00200080", 0x6A81),
        ("0020008008313233343536FFFF", 0x6A81),
        ("0024008010313233343536FFFF313233343536FFFF", 0x6A81),
        ("002C008010313233343536FFFF313233343536FFFF", 0x6A81),
        ("0087119E267C2482008120" + "00" * 32, 0x6982),
        ("0047009A05AC0380011100", 0x6982),
        ("8050FF0008000000000000000000", 0x6A81),
    ],
)
def test_through_the_air_neither_pin_nor_keys_nor_management(in_the_air: Host, command: str, sw: int) -> None:
    assert in_the_air.plain(command).sw == sw


def test_the_two_interfaces_have_their_own_atr(in_the_air: Host, written: Host) -> None:
    assert in_the_air.card.atr.hex().upper() == "3B8B800180F9A00000030800001000C8"
    assert written.card.atr.hex().upper() == "3B9B968131FE4580F9A00000030800001000C4"
