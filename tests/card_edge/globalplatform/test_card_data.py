# SPDX-License-Identifier: Apache-2.0
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.errors import CardEdgeError, UnexpectedResponse
from cardservice.card_edge.globalplatform.card_recognition_data import (
    SecureChannelProtocol,
    parse_card_recognition_data,
)
from cardservice.card_edge.globalplatform.cplc import parse_cplc
from cardservice.card_edge.globalplatform.get_data import CARD_PRODUCTION_LIFE_CYCLE, KEY_INFORMATION, get_data
from cardservice.card_edge.globalplatform.key_information import (
    KeyComponent,
    KeyInformation,
    key_versions,
    parse_key_information,
)
from cardservice.card_edge.tlv import Tlv


def test_get_data_puts_the_tag_in_p1_p2() -> None:
    assert get_data(CARD_PRODUCTION_LIFE_CYCLE).encode().hex() == "80ca9f7f00"
    assert get_data(KEY_INFORMATION).encode().hex() == "80ca00e000"


def test_cplc_samples(shared_scp03: dict[str, Any]) -> None:
    first, second = map(bytes.fromhex, shared_scp03["card_data_samples"]["cplc"])
    # Taken apart by hand: 4790 D600 4700 0000 0000 3244 34295220 8448 ..
    assert parse_cplc(first).chip_serial == "4790" + "D600" + "8448" + "34295220"
    # 4090 1915 4090 0045 0100 8301 A8186827 A822 ..
    assert parse_cplc(second).chip_serial == "4090" + "1915" + "A822" + "A8186827"


def test_the_chip_serial_is_fabricator_type_batch_serial() -> None:
    fields = "1111 2222 3333 4444 5555 6666 77777777 8888".replace(" ", "")
    cplc = parse_cplc(bytes.fromhex("9F7F2A" + fields + "00" * 24))
    assert cplc.chip_serial == "1111" + "2222" + "8888" + "77777777"
    assert parse_cplc(bytes.fromhex(fields + "00" * 24)) == cplc


@pytest.mark.parametrize("answer", ["", "9F7F00", "9F7F29" + "00" * 41, "9F7E2A" + "00" * 42, "00" * 43])
def test_other_cplc_is_refused(answer: str) -> None:
    with pytest.raises(CardEdgeError):
        parse_cplc(bytes.fromhex(answer))


def test_card_recognition_data_sample(shared_scp03: dict[str, Any]) -> None:
    data = parse_card_recognition_data(bytes.fromhex(shared_scp03["card_data_samples"]["card_recognition_data"]["hex"]))
    assert data.globalplatform_version == "2.2.3"
    assert data.option(0x03) == 0x70
    assert data.option(0x02) is None


def test_several_protocols_and_long_arcs() -> None:
    root = bytes.fromhex("2A864886FC6B04")
    channels = Tlv(0x06, root + b"\x02\x55") + Tlv(0x06, root + bytes.fromhex("81008101"))
    data = parse_card_recognition_data(Tlv(0x66, Tlv(0x73, Tlv(0x64, channels))))
    assert data.secure_channels == (SecureChannelProtocol(2, 0x55), SecureChannelProtocol(0x80, 0x81))


@pytest.mark.parametrize("identifier", ["2A864886FC6B03", "2A864886FC6B0403", "2A864886FC6B040370F0", "2A", ""])
def test_an_identifier_that_names_no_protocol_is_refused(identifier: str) -> None:
    with pytest.raises(UnexpectedResponse):
        parse_card_recognition_data(Tlv(0x66, Tlv(0x73, Tlv(0x64, Tlv(0x06, bytes.fromhex(identifier))))))


def test_key_information_sample(shared_scp03: dict[str, Any]) -> None:
    keys = parse_key_information(bytes.fromhex(shared_scp03["card_data_samples"]["key_information_template"]))
    assert [(key.key_identifier, key.key_version_number) for key in keys] == [
        (1, 1),
        (2, 1),
        (3, 1),
        (1, 0x70),
        (1, 0x71),
    ]
    assert keys[3].components == (KeyComponent(0xA1, 0x80), KeyComponent(0xA0, 0x03))
    assert key_versions(keys) == {1}


def test_the_extended_form() -> None:
    (key,) = parse_key_information(bytes.fromhex("E00CC00A0130FF88002001180114"))
    assert key == KeyInformation(1, 0x30, (KeyComponent(0xFF88, 32),), b"\x18", b"\x14")
    assert key_versions([key]) == {0x30}
    (bare,) = parse_key_information(bytes.fromhex("E00AC0080130FF8800200000"))
    assert (bare.usage, bare.access) == (b"", b"")


def test_a_list_without_its_template_is_read_as_yubikeys_send_it() -> None:
    assert key_versions(parse_key_information(bytes.fromhex("C00401308810C00402308810"))) == {0x30}


@pytest.mark.parametrize(
    "answer",
    [
        "E003C10130",
        "E004C0020130",
        "E007C0050130881000",
        "E009C0070130FF88002001",
        "E00BC0090130FF880020000000",
        "E008C0060130FF880020",
        "E007C0050130FF8800",
        "E005C0040130",
    ],
)
def test_broken_key_information_is_a_typed_error(answer: str) -> None:
    with pytest.raises(CardEdgeError):
        parse_key_information(bytes.fromhex(answer))


@given(st.binary(max_size=60), st.sampled_from([parse_cplc, parse_card_recognition_data, parse_key_information]))
def test_any_bytes_are_read_or_our_error(noise: bytes, parse: Any) -> None:
    for data in (noise, Tlv(0x66, Tlv(0x73, Tlv(0x64, Tlv(0x06, noise)))), Tlv(0xE0, Tlv(0xC0, noise))):
        try:
            parse(data)
        except CardEdgeError:
            continue
