# SPDX-License-Identifier: Apache-2.0
"""GET DATA with several tags (docs/card-edge.md, decision 0093): each object as alone, and refused as alone."""

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.chip import StaticKeySet
from applets.virtual.piv.tag_list import LIST_MAX
from applets.virtual.runtime import Interface
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.piv import get_data as host_side
from cardservice.card_edge.tlv import Tlv
from tests.virtual.conftest import counting_entropy, no_delay
from tests.virtual.host import PIN, PIV_AID, Host

CERTIFICATE, CHUID, PRINTED, DISCOVERY, ABSENT, UNKNOWN = 0x5FC105, 0x5FC102, 0x5FC109, 0x7E, 0x5FC101, 0x5FFF01


@pytest.fixture
def written(personal: Host, transport: StaticKeySet) -> Host:
    personal.enter(PIV_AID, transport)
    for tag, content in ((CERTIFICATE, bytes(range(256)) * 4), (CHUID, b"chuid"), (PRINTED, b"printed")):
        data = Tlv(0x5C, tag.to_bytes(3, "big")) + Tlv(0x53, content)
        assert personal.send(0x00, 0xDB, 0x3F, 0xFF, data, None).sw == 0x9000
    return personal


def get(host: Host, *tags: int) -> ResponseApdu:
    names = b"".join(tag.to_bytes((tag.bit_length() + 7) // 8, "big") for tag in tags)
    return host.send(0x00, 0xCB, 0x3F, 0xFF, Tlv(0x5C, names))


def test_a_list_answers_what_its_tags_answer_alone_one_after_another(written: Host) -> None:
    written.send(0x00, 0x20, 0x00, 0x80, PIN, None)
    for tags in ([CHUID, DISCOVERY], [DISCOVERY, CHUID], [PRINTED, CERTIFICATE, CHUID, DISCOVERY], [CHUID, CHUID]):
        alone = b"".join(written.must(get(written, tag)) for tag in tags)
        assert get(written, *tags) == ResponseApdu(alone, 0x9000)


def test_without_a_channel_too(written: Host) -> None:
    written.select(PIV_AID)
    assert get(written, DISCOVERY, CERTIFICATE, CHUID).sw == 0x9000


@pytest.mark.parametrize(
    ("tags", "sw"),
    [
        ((CHUID, PRINTED), 0x6982),  # no PIN
        ((CHUID, ABSENT), 0x6A82),
        ((UNKNOWN, CHUID), 0x6A82),
        ((ABSENT, PRINTED), 0x6A82),  # the first refusal counts
        ((PRINTED, ABSENT), 0x6982),
    ],
)
def test_one_that_is_refused_refuses_all(written: Host, tags: tuple[int, ...], sw: int) -> None:
    assert get(written, *tags) == ResponseApdu(b"", sw)


def test_at_most_sixteen(written: Host) -> None:
    assert get(written, *[DISCOVERY] * LIST_MAX).sw == 0x9000
    assert get(written, *[DISCOVERY] * (LIST_MAX + 1)).sw == 0x6A80
    assert host_side.LIST_MAX == LIST_MAX


@pytest.mark.parametrize(
    ("data", "sw"),
    [
        ("5C00", 0x6A80),
        ("5C045FC1025F", 0x6A80),  # a tag cut short
        ("5C065FC1025FC1", 0x6A80),  # longer than the data
        ("5C045FC18201", 0x6A80),  # a tag of four bytes
        ("5C045FC1027E7E00", 0x6A80),  # something after the list
        ("5C017E5C017E", 0x6A80),  # two lists
        ("5C0100", 0x6A82),  # no object of this card
        ("5D017E", 0x6A80),
    ],
)
def test_malformed_lists(written: Host, data: str, sw: int) -> None:
    assert written.send(0x00, 0xCB, 0x3F, 0xFF, bytes.fromhex(data)).sw == sw


def test_through_the_air_a_list_opens_no_door(written: Host) -> None:
    card = VirtualCard(written.card.image, interface=Interface.CONTACTLESS, entropy=counting_entropy(), delay=no_delay)
    host = Host(card)
    host.select(PIV_AID)
    assert get(host, DISCOVERY, DISCOVERY).sw == 0x9000
    assert get(host, DISCOVERY, CHUID) == ResponseApdu(b"", 0x6982)
