# SPDX-License-Identifier: Apache-2.0
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge import tlv
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.tlv import Tlv, encode_length, encode_tag, find, parse_all, parse_dict

ONE_BYTE = st.integers(0x01, 0xFE).filter(lambda tag: tag & 0x1F != 0x1F)
LONG_FIRST = st.sampled_from([0x1F, 0x3F, 0x5F, 0x7F, 0x9F, 0xBF, 0xDF, 0xFF])
TWO_BYTES = st.builds(lambda first, second: first << 8 | second, LONG_FIRST, st.integers(0x1F, 0x7F))
THREE_BYTES = st.builds(
    lambda first, second, third: first << 16 | second << 8 | third,
    LONG_FIRST,
    st.integers(0x81, 0xFF),
    st.integers(0x00, 0x7F),
)
TAGS = st.one_of(ONE_BYTE, TWO_BYTES, THREE_BYTES)


@given(TAGS, st.binary(max_size=400))
def test_what_is_built_is_read_back(tag: int, value: bytes) -> None:
    element = Tlv.parse(Tlv(tag, value))
    assert (element.tag, element.value) == (tag, value)
    assert element.constructed == bool(encode_tag(tag)[0] & 0x20)


@given(st.lists(st.tuples(TAGS, st.binary(max_size=40)), max_size=10))
def test_a_run_of_objects_is_read_back_in_order(fields: list[tuple[int, bytes]]) -> None:
    read = parse_all(b"".join(Tlv(tag, value) for tag, value in fields))
    assert [(element.tag, element.value) for element in read] == fields


@given(st.binary(max_size=60))
def test_any_bytes_give_objects_or_our_error_and_nothing_else(noise: bytes) -> None:
    try:
        elements = parse_all(noise)
    except MalformedTlv:
        return
    # The shortest form of what was read is never longer than what was read.
    assert len(b"".join(elements)) <= len(noise)


@given(TAGS, st.binary(min_size=1, max_size=200), st.data())
def test_a_cut_object_is_refused(tag: int, value: bytes, data: st.DataObject) -> None:
    encoded = Tlv(tag, value)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(MalformedTlv):
        Tlv.parse(bytes(encoded[:cut]))


@pytest.mark.parametrize(
    ("length", "field"),
    [
        (0, "00"),
        (0x7F, "7F"),
        (0x80, "8180"),
        (0xFF, "81FF"),
        (0x100, "820100"),
        (0xFFFF, "82FFFF"),
        (0x10000, "83010000"),
    ],
)
def test_lengths_take_the_shortest_form(length: int, field: str) -> None:
    assert encode_length(length).hex().upper() == field
    assert Tlv.parse(b"\x04" + bytes.fromhex(field) + bytes(length)).value == bytes(length)


@pytest.mark.parametrize("field", ["8101", "820001", "83000001", "8400000001"])
def test_longer_forms_of_a_length_are_read(field: str) -> None:
    assert Tlv.parse(b"\x04" + bytes.fromhex(field) + b"\xaa").value == b"\xaa"


@pytest.mark.parametrize(
    ("encoded", "rule"),
    [
        ("", "no tag"),
        ("0001AA", "reserved tag"),
        ("FF", "tag cut short"),
        ("FF800100", "tag number padded"),
        ("5F", "tag cut short"),
        ("5F81", "tag cut short"),
        ("5F818101AA", "tag too long"),
        ("5F1E00", "long tag for a short number"),
        ("9F0000", "long tag for a short number"),
        ("5F800100", "tag number padded"),
        ("DF800100", "tag number padded"),
        ("04", "no length"),
        ("048000", "indefinite length"),
        ("0482FF", "length cut short"),
        ("0485", "length too long"),
        ("04850000000001AA", "length too long"),
        ("0484FFFFFFFF", "value too long"),
        ("0483010001", "value too long"),
        ("0402AA", "value cut short"),
        ("0401AAAA", "trailing bytes"),
    ],
)
def test_each_rule_has_its_name(encoded: str, rule: str) -> None:
    with pytest.raises(MalformedTlv) as refused:
        Tlv.parse(bytes.fromhex(encoded))
    assert refused.value.evidence["rule"] == rule


@pytest.mark.parametrize("encoded", ["DF0201AA", "DF0320" + "00" * 32, "FF01" + "00"])
def test_private_tags_below_1f_are_read_as_decision_0010_says(encoded: str) -> None:
    assert Tlv.parse(bytes.fromhex(encoded)).tag == int(encoded[:4], 16)


def test_the_free_memory_that_a_card_tells_is_read() -> None:
    """GET DATA FF21, extended card resources (ETSI TS 102 226, 8.2.1.7.2): three numbers in a private, constructed tag."""
    told = bytes.fromhex("FF210D8101048202FC00830400001000")
    assert Tlv.parse(told).constructed
    assert find(told, 0xFF21, 0x82) == bytes.fromhex("FC00")


@pytest.mark.parametrize("tag", [0, -1, 0x1000000, 0x5F, 0x0400, 0x5F02, 0x5FC1, 0xFF])
def test_integers_that_are_no_tag_are_refused(tag: int) -> None:
    with pytest.raises(MalformedTlv):
        Tlv(tag)


def test_a_value_over_64_kib_is_refused_in_both_directions() -> None:
    limit = tlv.MAX_VALUE_LENGTH
    assert len(Tlv(0x04, bytes(limit)).value) == limit
    with pytest.raises(MalformedTlv, match="value too long"):
        Tlv(0x04, bytes(limit + 1))


def test_the_number_of_objects_on_one_level_is_limited() -> None:
    assert len(parse_all(b"\x04\x00" * tlv.MAX_ELEMENTS)) == tlv.MAX_ELEMENTS
    with pytest.raises(MalformedTlv, match="too many elements"):
        parse_all(b"\x04\x00" * (tlv.MAX_ELEMENTS + 1))


def test_find_follows_a_path_and_says_where_it_breaks_off() -> None:
    template = Tlv(0x6F, Tlv(0x84, b"\x01") + Tlv(0xA5, Tlv(0x53, b"proof")))
    assert find(template, 0x6F, 0xA5, 0x53) == b"proof"
    with pytest.raises(MalformedTlv, match="no tag 9F65"):
        find(template, 0x6F, 0xA5, 0x9F65)
    with pytest.raises(MalformedTlv, match="path too deep"):
        find(template, *itertools.repeat(0x6F, tlv.MAX_DEPTH + 1))


def test_a_tag_twice_in_a_dictionary_is_refused() -> None:
    assert parse_dict(Tlv(0x70, b"a") + Tlv(0x71, b"b")) == {0x70: b"a", 0x71: b"b"}
    with pytest.raises(MalformedTlv, match="tag 70 twice"):
        parse_dict(Tlv(0x70) + Tlv(0x70))


def test_repr_shows_no_value() -> None:
    assert repr(Tlv(0x99, b"12345678")) == "Tlv(99, 8 bytes)"
