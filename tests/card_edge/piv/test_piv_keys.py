# SPDX-License-Identifier: Apache-2.0
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.errors import CardEdgeError, UnexpectedResponse, UnwritableContent
from cardservice.card_edge.p256 import checked_point, public_key
from cardservice.card_edge.piv.general_authenticate import (
    P256_ORDER,
    agree,
    check_signature,
    parse_random_challenge,
    parse_shared_secret,
    parse_signature,
    random_challenge,
    sign,
)
from cardservice.card_edge.piv.generate import generate_key_pair, parse_public_key
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.tlv import Tlv

KEY = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP256R1())
POINT = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
DIGEST = sha256(b"a document").digest()


def off_the_curve() -> bytes:
    return POINT[:-1] + bytes([POINT[-1] ^ 1])


def answer(der: bytes) -> bytes:
    return Tlv(0x7C, Tlv(0x82, der))


def test_generate() -> None:
    assert generate_key_pair(KeyReference.AUTHENTICATION).encode().hex() == "0047009a05ac0380011100"
    assert parse_public_key(Tlv(0x7F49, Tlv(0x86, POINT))) == POINT


@pytest.mark.parametrize(
    "point",
    [
        b"",
        POINT[:64],
        POINT + b"\x00",
        b"\x02" + POINT[1:33],
        b"\x06" + POINT[1:],
        bytes(65),
        b"\x04" + bytes(64),
        off_the_curve(),
    ],
)
def test_what_is_no_point_on_the_curve_is_refused(point: bytes) -> None:
    with pytest.raises(UnexpectedResponse):
        checked_point(point)
    with pytest.raises(UnexpectedResponse):
        parse_public_key(Tlv(0x7F49, Tlv(0x86, point)))
    with pytest.raises(UnexpectedResponse):
        agree(KeyReference.KEY_MANAGEMENT, point)


def test_the_point_becomes_a_key() -> None:
    assert public_key(POINT).public_numbers() == KEY.public_key().public_numbers()


def test_sign_and_its_answer() -> None:
    assert sign(KeyReference.SIGNATURE, DIGEST).encode().hex() == "0087119c267c2482008120" + DIGEST.hex() + "00"
    der = KEY.sign(DIGEST, ec.ECDSA(Prehashed(SHA256())))
    r, s = decode_dss_signature(der)
    assert parse_signature(answer(der)) == r.to_bytes(32, "big") + s.to_bytes(32, "big")
    check_signature(POINT, DIGEST, answer(der))


def test_a_signature_under_another_key_or_digest_is_refused() -> None:
    der = KEY.sign(DIGEST, ec.ECDSA(Prehashed(SHA256())))
    other = (
        ec.derive_private_key(7, ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    with pytest.raises(UnexpectedResponse, match="key of the certificate"):
        check_signature(other, DIGEST, answer(der))
    with pytest.raises(UnexpectedResponse, match="key of the certificate"):
        check_signature(POINT, sha256(b"another").digest(), answer(der))


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x00",
        encode_dss_signature(0, 1),
        encode_dss_signature(1, 0),
        encode_dss_signature(P256_ORDER, 1),
        encode_dss_signature(1, P256_ORDER),
        encode_dss_signature(1 << 300, 1),
        encode_dss_signature(5, 5) + b"\x00",
    ],
)
def test_what_is_no_signature_of_p256_is_a_typed_error(der: bytes) -> None:
    with pytest.raises(UnexpectedResponse):
        parse_signature(answer(der))


@given(st.binary(max_size=80))
def test_any_answer_is_a_signature_or_our_error(noise: bytes) -> None:
    for data in (noise, answer(noise)):
        try:
            parse_signature(data)
        except CardEdgeError:
            continue


def test_agree_and_its_answer() -> None:
    command = agree(KeyReference.KEY_MANAGEMENT, POINT)
    assert command.encode().hex() == "0087119d477c4582008541" + POINT.hex() + "00"
    assert parse_shared_secret(answer(bytes(32))) == bytes(32)
    with pytest.raises(UnexpectedResponse):
        parse_shared_secret(answer(bytes(31)))


def test_a_digest_has_32_bytes() -> None:
    with pytest.raises(UnwritableContent):
        sign(KeyReference.SIGNATURE, bytes(20))


def test_random_bytes_as_opensc_asks_for_them() -> None:
    assert random_challenge().encode().hex() == "0087009b047c02810000"
    assert parse_random_challenge(Tlv(0x7C, Tlv(0x81, b"12345678"))) == b"12345678"
