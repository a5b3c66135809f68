# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.card_edge.errors import MalformedApdu

BYTE = st.integers(0, 255)
LE = st.one_of(st.none(), st.integers(1, 256), st.sampled_from([257, 0x1000, 0xFFFF, 0x10000]))
DATA = st.one_of(st.binary(max_size=255), st.binary(min_size=256, max_size=600))


@given(BYTE, BYTE, BYTE, BYTE, DATA, LE)
def test_what_is_encoded_is_parsed_back(cla: int, ins: int, p1: int, p2: int, data: bytes, le: int | None) -> None:
    command = CommandApdu(cla, ins, p1, p2, data, le)
    assert CommandApdu.parse(command.encode()) == command


@given(st.binary(max_size=300))
def test_any_bytes_are_our_error_or_encode_to_the_same_bytes(noise: bytes) -> None:
    try:
        command = CommandApdu.parse(noise)
    except MalformedApdu:
        return
    assert command.encode() == noise


@given(BYTE, st.binary(min_size=1, max_size=255), st.one_of(st.none(), st.integers(1, 256)))
def test_extended_fields_survive_where_short_ones_would_do(ins: int, data: bytes, le: int | None) -> None:
    command = CommandApdu(0x00, ins, 0, 0, data, le, extended_fields=True)
    encoded = command.encode()
    assert encoded[4] == 0
    assert CommandApdu.parse(encoded) == command
    assert CommandApdu.parse(encoded).encode() == encoded


@pytest.mark.parametrize(
    ("encoded", "data", "le"),
    [
        ("00A40400", "", None),  # case 1
        ("00C0000000", "", 256),  # case 2 short
        ("00C0000010", "", 16),
        ("80CA9F7F000100", "", 256),  # case 2 extended
        ("80CA9F7F000000", "", 0x10000),
        ("0020008002AABB", "aabb", None),  # case 3 short
        ("00200080000002AABB", "aabb", None),  # case 3 extended
        ("00A4040002AABB00", "aabb", 256),  # case 4 short
        ("00A40400000002AABB0000", "aabb", 0x10000),  # case 4 extended
    ],
)
def test_the_seven_forms(encoded: str, data: str, le: int | None) -> None:
    command = CommandApdu.parse(bytes.fromhex(encoded))
    assert (command.data.hex(), command.le) == (data, le)
    assert command.encode().hex().upper() == encoded


@pytest.mark.parametrize(
    ("encoded", "rule"),
    [
        ("", "shorter than a header"),
        ("00A404", "shorter than a header"),
        ("00A4040002AA", "data shorter than Lc"),
        ("00A4040001AA0000", "bytes after Le"),
        ("00A404000000", "extended length cut short"),
        ("00A404000000000000", "extended Lc of zero"),
        ("00A40400000002AA", "data shorter than Lc"),
        ("00A40400000001AA00", "bytes after Le"),
        ("00A40400000001AA000000", "bytes after Le"),
    ],
)
def test_anything_else_is_refused_by_name(encoded: str, rule: str) -> None:
    with pytest.raises(MalformedApdu) as refused:
        CommandApdu.parse(bytes.fromhex(encoded))
    assert refused.value.evidence["rule"] == rule


@pytest.mark.parametrize(("length", "le"), [(0x10000, None), (0, 0), (0, -1), (0, 0x10001), (5, 0)])
def test_what_no_length_field_can_say_is_not_encoded(length: int, le: int | None) -> None:
    with pytest.raises(MalformedApdu):
        CommandApdu(0, 0, 0, 0, bytes(length), le).encode()


@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
def test_responses_round_trip(data: bytes, sw: int) -> None:
    response = ResponseApdu(data, sw)
    assert ResponseApdu.parse(response.encode()) == response


@pytest.mark.parametrize("encoded", [b"", b"\x90", bytes(0x10003)])
def test_a_response_has_a_status_word_and_an_end(encoded: bytes) -> None:
    with pytest.raises(MalformedApdu):
        ResponseApdu.parse(encoded)


def test_repr_shows_no_data() -> None:
    assert "313233" not in repr(CommandApdu(0, 0x20, 0, 0x80, b"123456")).lower()
    assert "123456" not in repr(CommandApdu(0, 0x20, 0, 0x80, b"123456"))
    assert repr(ResponseApdu(b"secret", 0x9000)) == "ResponseApdu(6 bytes, 9000)"
