# SPDX-License-Identifier: Apache-2.0
import gzip
import zlib
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.errors import CardEdgeError, UnexpectedResponse, UnwritableContent
from cardservice.card_edge.piv import certificate
from cardservice.card_edge.piv.ccc import card_capability_container, parse_card_identifier
from cardservice.card_edge.piv.certificate import certificate_object, parse_certificate_object
from cardservice.card_edge.piv.chuid import NON_FEDERAL_FASC_N, Chuid, parse_chuid
from cardservice.card_edge.piv.discovery import Discovery, parse_discovery
from cardservice.card_edge.piv.get_data import get_data, parse_get_data
from cardservice.card_edge.piv.key_history import KeyHistory, parse_key_history
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.piv.object import CERTIFICATE_OF, CHUID, DISCOVERY, OBJECTS, ReadAccess
from cardservice.card_edge.piv.printed_information import PrintedInformation, parse_printed_information
from cardservice.card_edge.piv.put_data import put_data
from cardservice.card_edge.piv.select import NIST_RID, parse_select_piv, select_piv
from cardservice.card_edge.tlv import Tlv, find, parse_dict

GUID = bytes(range(16))


def test_the_table_of_objects() -> None:
    assert len(OBJECTS) == 36
    assert len({row.container for row in OBJECTS.values()}) == 36
    assert (OBJECTS[0x5FC120].container, OBJECTS[0x5FC10D].container) == (0x1014, 0x1001)
    always = {row.tag for row in OBJECTS.values() if row.contactless is ReadAccess.ALWAYS}
    assert always == {0x5FC102, 0x5FC101, 0x7E, 0x7F61, 0x5FC122}
    pin = {row.tag for row in OBJECTS.values() if row.contact is ReadAccess.PIN}
    assert pin == {0x5FC103, 0x5FC108, 0x5FC109, 0x5FC121, 0x5FC123}
    assert CERTIFICATE_OF[KeyReference.SIGNATURE].tag == 0x5FC10A


def test_select_and_its_answer() -> None:
    assert select_piv().encode().hex() == "00a404000ba00000030800001000010000"
    answer = Tlv(
        0x61,
        Tlv(0x4F, bytes.fromhex("000010000100"))
        + Tlv(0x79, Tlv(0x4F, NIST_RID))
        + Tlv(0x50, b"KJS PIV")
        + Tlv(0xAC, Tlv(0x80, b"\x11") + Tlv(0x06, b"\x00")),
    )
    properties = parse_select_piv(answer)
    assert properties.application_identifier.hex() == "000010000100"
    assert (properties.label, properties.algorithms, properties.url) == ("KJS PIV", (0x11,), "")
    for wrong in (b"", Tlv(0x61), Tlv(0x61, Tlv(0x4F, b"\x00") + Tlv(0x79, Tlv(0x4F, b"\xa0"))), Tlv(0x6F)):
        with pytest.raises(CardEdgeError):
            parse_select_piv(wrong)


def test_get_and_put_data() -> None:
    assert get_data(CHUID.tag).encode().hex() == "00cb3fff055c035fc10200"
    assert get_data(DISCOVERY.tag).encode().hex() == "00cb3fff035c017e00"
    assert put_data(CHUID.tag, b"\x30\x00").data.hex() == "5c035fc10253023000"
    assert put_data(CHUID.tag, b"").data.hex() == "5c035fc1025300"
    assert put_data(DISCOVERY.tag, b"\x4f\x00").data.hex() == "7e024f00"
    assert parse_get_data(CHUID.tag, Tlv(0x53, b"\x30\x00")) == b"\x30\x00"
    assert parse_get_data(DISCOVERY.tag, Tlv(0x7E, b"\x4f\x00")) == b"\x4f\x00"


@pytest.mark.parametrize(
    ("tag", "answer"), [(CHUID.tag, Tlv(0x7E)), (DISCOVERY.tag, Tlv(0x53)), (CHUID.tag, b"\x53\x01")]
)
def test_an_object_in_the_wrong_template_is_refused(tag: int, answer: bytes) -> None:
    with pytest.raises(CardEdgeError):
        parse_get_data(tag, answer)


@given(st.binary(min_size=16, max_size=16), st.dates(min_value=date(1900, 1, 1)), st.binary(max_size=80))
def test_chuid_round_trip(guid: bytes, expires: date, signature: bytes) -> None:
    chuid = Chuid(guid, expires, signature=signature)
    assert parse_chuid(chuid.encode()) == chuid


def test_our_chuid_byte_for_byte() -> None:
    content = Chuid(GUID, date(2031, 1, 31)).encode()
    expected = Tlv(0x30, NON_FEDERAL_FASC_N) + Tlv(0x34, GUID) + Tlv(0x35, b"20310131") + bytes.fromhex("3E00FE00")
    assert content == expected
    # OpenSC takes the GUID as serial number of a card that is not federal.
    assert NON_FEDERAL_FASC_N.hex().startswith("d4e739")


def test_the_fasc_n_says_9999_9999_999999() -> None:
    # FIPS 201 / TIG SCEPACS: 5 bits per digit, least significant first, then odd parity.
    bits = "".join(f"{byte:08b}" for byte in NON_FEDERAL_FASC_N)
    symbols = [bits[start : start + 5] for start in range(0, 200, 5)]
    for symbol in symbols:
        assert symbol.count("1") % 2 == 1
    digits = [int(symbol[3::-1], 2) for symbol in symbols]
    lrc = 0
    for digit in digits[:-1]:
        lrc ^= digit
    assert digits[-1] == lrc
    start, separator, end = 0xB, 0xD, 0xF
    assert digits[0] == start
    assert digits[1:5] == [9] * 4
    assert digits[5] == separator
    assert digits[6:10] == [9] * 4
    assert digits[10] == separator
    assert digits[11:17] == [9] * 6
    assert digits[-2] == end


@pytest.mark.parametrize("expiry", [b"", b"2031131", b"20311301", b"2031-1-1", b"\xff" * 8])
def test_a_chuid_with_a_wrong_expiry_is_refused(expiry: bytes) -> None:
    content = Tlv(0x30, NON_FEDERAL_FASC_N) + Tlv(0x34, GUID) + Tlv(0x35, expiry)
    with pytest.raises(UnexpectedResponse):
        parse_chuid(content)


def test_a_chuid_of_wrong_lengths_is_refused_in_both_directions() -> None:
    with pytest.raises(UnwritableContent):
        Chuid(GUID[:15], date(2031, 1, 1)).encode()
    with pytest.raises(UnexpectedResponse):
        parse_chuid(Tlv(0x34, GUID) + Tlv(0x35, b"20310101"))


def test_ccc() -> None:
    content = card_capability_container(bytes(range(14)))
    expected = "F015A000000116FF02000102030405060708090A0B0C0DF10121F20121F300F40100F50110F600F700FA00FB00FC00FD00FE00"
    assert content.hex().upper() == expected
    assert parse_card_identifier(content)[7:] == bytes(range(14))
    with pytest.raises(UnwritableContent):
        card_capability_container(bytes(13))
    with pytest.raises(UnexpectedResponse):
        parse_card_identifier(Tlv(0xF0, b"\x00"))


def test_discovery() -> None:
    assert Tlv(0x7E, Discovery().encode()).hex().upper() == "7E124F0BA0000003080000100001005F2F024000"
    assert parse_discovery(Discovery(pin_policy=0x60, pin_preference=0x20).encode()) == Discovery(
        pin_policy=0x60, pin_preference=0x20
    )
    for wrong in (b"", Tlv(0x4F), Tlv(0x4F) + Tlv(0x5F2F, b"\x40")):
        with pytest.raises(UnexpectedResponse):
            parse_discovery(wrong)


def test_key_history() -> None:
    assert KeyHistory().encode().hex() == "c10100c20100fe00"
    elsewhere = KeyHistory(1, 2, b"https://example.invalid/")
    assert parse_key_history(elsewhere.encode()) == elsewhere
    assert 0xF3 not in parse_dict(KeyHistory().encode())
    with pytest.raises(UnexpectedResponse):
        parse_key_history(Tlv(0xC1, b"\x00"))


def test_printed_information() -> None:
    printed = PrintedInformation("SITI RAHAYU", "PESERTA", "2031JAN31", "0001", "KJS", "BARIS SATU", "BARIS DUA")
    assert parse_printed_information(printed.encode()) == printed
    assert "SITI" not in repr(printed)
    plain = PrintedInformation("SITI", "PESERTA", "2031JAN31", "0001", "KJS")
    assert set(parse_dict(plain.encode())) == {0x01, 0x02, 0x04, 0x05, 0x06, 0xFE}
    with pytest.raises(UnwritableContent):
        PrintedInformation("X" * 126, "", "", "", "").encode()
    with pytest.raises(UnexpectedResponse):
        parse_printed_information(Tlv(0x01, b"\xff"))


@given(st.binary(min_size=1, max_size=2000))
def test_certificate_objects_plain_and_compressed(der: bytes) -> None:
    assert parse_certificate_object(certificate_object(der)) == der
    packed = Tlv(0x70, gzip.compress(der, mtime=0)) + Tlv(0x71, b"\x01") + Tlv(0xFE)
    assert parse_certificate_object(packed) == der


def test_our_certificate_object_ends_as_the_standard_says() -> None:
    assert certificate_object(b"\x30\x00").hex() == "70023000710100fe00"


def test_a_small_object_that_unfolds_without_end_is_refused() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    with pytest.raises(UnexpectedResponse, match="decompressed"):
        parse_certificate_object(Tlv(0x70, bomb) + Tlv(0x71, b"\x01"))


def test_sabotage_without_the_cap_the_bomb_unfolds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "MAX_CERTIFICATE_LENGTH", 100_000_000)
    bomb = gzip.compress(bytes(10_000_000))
    assert len(parse_certificate_object(Tlv(0x70, bomb) + Tlv(0x71, b"\x01"))) == 10_000_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        Tlv(0x70),
        Tlv(0x70, b"x") + Tlv(0x71, b"\x02"),
        Tlv(0x70, b"not gzip") + Tlv(0x71, b"\x01"),
        Tlv(0x70, zlib.compress(b"zlib, not gzip")) + Tlv(0x71, b"\x01"),
        Tlv(0x70, gzip.compress(b"cut short", mtime=0)[:-3]) + Tlv(0x71, b"\x01"),
        Tlv(0x70, gzip.compress(b"one", mtime=0) + b"more") + Tlv(0x71, b"\x01"),
    ],
)
def test_a_broken_certificate_object_is_a_typed_error(content: bytes) -> None:
    with pytest.raises(UnexpectedResponse):
        parse_certificate_object(content)


PARSERS: list[Callable[[bytes], object]] = [
    parse_chuid,
    parse_card_identifier,
    parse_discovery,
    parse_key_history,
    parse_printed_information,
    parse_certificate_object,
    parse_select_piv,
]


@given(st.binary(max_size=80), st.sampled_from(PARSERS))
def test_any_bytes_are_read_or_our_error(noise: bytes, parse: Callable[[bytes], object]) -> None:
    for data in (
        noise,
        Tlv(0x70, noise) + Tlv(0x71, b"\x01"),
        Tlv(0x61, noise),
        Tlv(0x30, noise) + Tlv(0x35, noise[:8]),
    ):
        try:
            parse(data)
        except CardEdgeError:
            continue


def test_the_content_of_an_object_is_found_in_its_template() -> None:
    assert find(Tlv(0x53, certificate_object(b"der")), 0x53, 0x70) == b"der"
