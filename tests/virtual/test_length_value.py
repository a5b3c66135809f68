# SPDX-License-Identifier: Apache-2.0
"""Length-value fields with BER lengths (GP 2.3.1, 11.1.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applets.virtual.errors import Refused
from applets.virtual.length_value import read_fields
from cardservice.card_edge.tlv import encode_length


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_fields_come_back_as_joined(fields: list[bytes]) -> None:
    joined = b"".join(encode_length(len(field)) + field for field in fields)
    assert read_fields(joined, len(fields)) == fields


def test_80_alone_is_128() -> None:
    assert read_fields(b"\x80" + bytes(128), 1) == [bytes(128)]


@pytest.mark.parametrize("data", ["", "02FF", "81", "8200", "83000001FF", "01FFFF", "FF"])
def test_anything_else_is_6a80(data: str) -> None:
    with pytest.raises(Refused) as refused:
        read_fields(bytes.fromhex(data), 1)
    assert refused.value.sw == 0x6A80
