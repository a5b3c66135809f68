# SPDX-License-Identifier: Apache-2.0
"""GET DATA with a list of tags, the host's side (decision 0093): what is sent, and that nothing but the list's answer is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.errors import CardEdgeError, UnexpectedResponse, UnwritableContent
from cardservice.card_edge.piv.get_data import LIST_MAX, get_data, get_data_list, parse_get_data_list
from cardservice.card_edge.piv.object import OBJECTS, SELF_TAGGED
from cardservice.card_edge.tlv import Tlv

TAGS = (0x7E, 0x5FC102, 0x7F61, 0x5FC109)
tag_lists = st.lists(st.sampled_from(sorted(OBJECTS)), min_size=1, max_size=LIST_MAX, unique=True)


def answer(tags: list[int], contents: list[bytes]) -> bytes:
    pairs = zip(tags, contents, strict=True)
    return b"".join(Tlv(tag if tag in SELF_TAGGED else 0x53, content) for tag, content in pairs)


def test_the_command() -> None:
    assert get_data_list(TAGS).encode().hex() == "00cb3fff0b5c097e5fc1027f615fc10900"
    assert get_data_list([0x5FC102]) == get_data(0x5FC102)


@pytest.mark.parametrize("count", [0, LIST_MAX + 1])
def test_no_tags_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(UnwritableContent):
        get_data_list(sorted(OBJECTS)[:count])


@given(st.data())
def test_what_a_card_answers_is_read_in_the_order_asked(data: st.DataObject) -> None:
    tags = data.draw(tag_lists)
    contents = data.draw(st.lists(st.binary(max_size=300), min_size=len(tags), max_size=len(tags)))
    read = parse_get_data_list(tags, answer(tags, contents))
    assert list(read.items()) == list(zip(tags, contents, strict=True))


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "7E00",
        "7E00530053007F61005300",  # one more
        "530053007F61005300",  # 53 where 7E belongs
        "7E007F610053005300",  # out of order
        "7E0053007F610053",  # cut short
        "7E0053007F6100530000",  # a byte more
    ],
)
def test_anything_else_is_refused(wrong: str) -> None:
    with pytest.raises(CardEdgeError):
        parse_get_data_list(TAGS, bytes.fromhex(wrong))


def test_a_missing_object_is_told_by_the_count() -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        parse_get_data_list(TAGS, bytes.fromhex("7E0053007F6100"))
    assert caught.value.evidence["objects"] == 3
