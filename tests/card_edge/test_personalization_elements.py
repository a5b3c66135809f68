# SPDX-License-Identifier: Apache-2.0
"""What is stored through the domain, and what it answers: bytes of docs/card-edge.md, and answers that are none."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardservice.card_edge.errors import CardEdgeError, MalformedApdu, UnexpectedResponse
from cardservice.card_edge.globalplatform.put_key import key_set_data, put_key
from cardservice.card_edge.globalplatform.store_data import Structure, store_data
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.piv.personalization import generate_element, object_element, parse_public_keys
from cardservice.card_edge.sector.personalization import parse_sector_answer, sector_elements
from cardservice.card_edge.tlv import Tlv
from cardservice.keys import WrappedKey

KEY = WrappedKey(32, bytes(32), b"\x01\x02\x03")
KEYS = (KEY, KEY, KEY)
POINT = (
    ec.derive_private_key(7, ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
)
PUBLIC = Tlv(0x7F49, Tlv(0x86, POINT))
PLACED = Tlv(0xD8, b"\x30" + KEY.kcv * 3)
SLOTS = (KeyReference.AUTHENTICATION, KeyReference.SIGNATURE)


def test_the_bytes_of_the_page() -> None:
    assert generate_element(KeyReference.KEY_MANAGEMENT).hex() == "ac0680011183019d"
    assert object_element(0x5FC102, b"\x30\x00").hex() == "5fc102023000"
    elements = sector_elements(0x30, KEYS, generate=True)
    assert elements == bytes.fromhex("AC03800111D876") + key_set_data(0x30, KEYS)
    assert sector_elements(0x30, KEYS, generate=False) == elements[5:]
    assert put_key(0x30, KEYS).data == key_set_data(0x30, KEYS)


def test_answers_in_order() -> None:
    assert parse_public_keys(SLOTS, PUBLIC + PUBLIC) == dict.fromkeys(SLOTS, POINT)
    assert parse_sector_answer(PUBLIC + PLACED, 0x30, KEYS, generated=True) == POINT
    assert parse_sector_answer(PLACED, 0x30, KEYS, generated=False) is None


@pytest.mark.parametrize(
    "answer", [b"", PUBLIC, PUBLIC * 3, PUBLIC + PLACED, PUBLIC + Tlv(0x7F49, Tlv(0x86, bytes(65)))]
)
def test_answers_of_piv_that_are_none(answer: bytes) -> None:
    with pytest.raises(CardEdgeError):
        parse_public_keys(SLOTS, answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        PUBLIC,
        PLACED,
        PLACED + PUBLIC,
        PUBLIC + Tlv(0xD8, b"\x30" + bytes(9)),
        PUBLIC + Tlv(0xD8, b"\x31" + KEY.kcv * 3),
    ],
)
def test_answers_of_a_sector_that_are_none(answer: bytes) -> None:
    with pytest.raises(UnexpectedResponse):
        parse_sector_answer(answer, 0x30, KEYS, generated=True)


def test_blocks_go_on_where_others_stopped() -> None:
    first = store_data(b"ab", Structure.BER_TLV, more_follow=True)
    then = store_data(bytes(300), Structure.BER_TLV, block_size=247, first_block=1)
    assert [(command.p1, command.p2) for command in [*first, *then]] == [(0x10, 0), (0x10, 1), (0x90, 2)]
    with pytest.raises(MalformedApdu):
        store_data(bytes(2), Structure.RAW, block_size=1, first_block=255)
