# SPDX-License-Identifier: Apache-2.0
"""CBOR in one encoding: what we write reads back, what is written otherwise is refused, whatever the bytes."""

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.credentials import strict_cbor
from cardservice.credentials.strict_cbor import NotStrictCbor

_integers = st.integers(-(1 << 64), (1 << 64) - 1)
_values = st.recursive(
    st.booleans() | _integers | st.binary(max_size=40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_integers, inner, max_size=4),
    max_leaves=6,
)


def _is_shallow(value: Any, depth: int = strict_cbor.MAX_DEPTH) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_is_shallow(item, depth - 1) for item in inner)


@given(_values.filter(_is_shallow))
def test_round_trip(value: Any) -> None:
    encoded = strict_cbor.encode(value)
    assert strict_cbor.decode(encoded) == value
    assert cbor2.loads(encoded) == value


@given(st.binary(max_size=80))
def test_strange_bytes_are_refused_or_are_the_one_encoding(encoded: bytes) -> None:
    try:
        value = strict_cbor.decode(encoded)
    except NotStrictCbor:
        return
    assert strict_cbor.encode(value) == encoded
    assert cbor2.loads(encoded) == value


@pytest.mark.parametrize(
    "encoded",
    [
        "",  # nothing
        "1817",  # 23 in two bytes
        "190017",  # in three
        "1900FF",
        "1A0000FFFF",
        "1B00000000FFFFFFFF",
        "3800",  # -1 in two bytes
        "5801",  # too short
        "5BFFFFFFFFFFFFFFFF",
        "9BFFFFFFFFFFFFFFFF",
        "BBFFFFFFFFFFFFFFFF",
        "58010A",  # one byte, length in long form
        "5F4101FF",  # indefinite byte string
        "9F01FF",
        "BF0102FF",
        "7F6161FF",
        "FF",
        "1C",
        "A201010100",  # one key twice
        "A202000100",  # keys out of order
        "A2200001 00".replace(" ", ""),
        "A1616100",  # key that is a text
        "61FF",  # not UTF-8
        "63EDA080",  # a surrogate
        "F6",  # null
        "F7",
        "F0",
        "F814",
        "F93C00",  # 1.0
        "FB3FF0000000000000",
        "C001",  # tags
        "C24101",
        "D8184100",
        "D90102 8101".replace(" ", ""),
        "0000",  # something after it
        "81" * 9 + "00",  # nested too deep
        "81" * 200 + "00",
    ],
)
def test_other_encodings_are_refused(encoded: str) -> None:
    with pytest.raises(NotStrictCbor):
        strict_cbor.decode(bytes.fromhex(encoded))


def test_keys_are_in_the_order_of_their_encodings() -> None:
    # RFC 8949, 4.2.1: 10, 100, -1, and not the lengths first of RFC 7049.
    assert strict_cbor.encode({-1: 0, 100: 0, 10: 0}).hex() == "a30a00186400" + "2000"


def test_sabotage_a_general_decoder_takes_other_encodings() -> None:
    assert cbor2.loads(bytes.fromhex("1817")) == 23
    assert cbor2.loads(bytes.fromhex("5F4101FF")) == b"\x01"
    assert cbor2.loads(bytes.fromhex("A202000100")) == {1: 0, 2: 0}
