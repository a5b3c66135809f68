# SPDX-License-Identifier: Apache-2.0
"""GENERAL AUTHENTICATE (SP 800-73 part 2, 3.2.4): sign a digest, agree on a secret, ask for random bytes."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import UnexpectedResponse, UnwritableContent
from cardservice.card_edge.p256 import checked_point, public_key
from cardservice.card_edge.piv.key_reference import Algorithm, KeyReference
from cardservice.card_edge.tlv import Tlv, find

DYNAMIC_AUTHENTICATION_TEMPLATE = 0x7C
CHALLENGE = 0x81
RESPONSE = 0x82
EXPONENTIATION = 0x85
DIGEST_LENGTH = 32
SECRET_LENGTH = 32
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SP 800-186, 3.2.1.3


def sign(key: KeyReference, digest: bytes) -> CommandApdu:
    """Sign a SHA-256 digest with a P-256 key."""
    if len(digest) != DIGEST_LENGTH:
        raise UnwritableContent(step="GENERAL AUTHENTICATE", rule="a digest of 32 bytes")
    return _command(Algorithm.ECC_P256, key, Tlv(RESPONSE) + Tlv(CHALLENGE, digest))


def parse_signature(data: bytes) -> bytes:
    """The signature as raw r|s, 64 bytes. Raises MalformedTlv, UnexpectedResponse where 82 holds no DER signature of P-256."""
    r, s = _checked(find(data, DYNAMIC_AUTHENTICATION_TEMPLATE, RESPONSE))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def check_signature(point: bytes, digest: bytes, data: bytes) -> None:
    """Verify the answer to ``sign`` under the card's public key. Raises UnexpectedResponse where the key is not the one we know."""
    der = find(data, DYNAMIC_AUTHENTICATION_TEMPLATE, RESPONSE)
    _checked(der)
    try:
        public_key(point).verify(der, digest, ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        raise _wrong("a signature under the key of the certificate") from None


def agree(key: KeyReference, peer: bytes) -> CommandApdu:
    """ECDH with the card's key and a peer's point (65 bytes, checked: a card must never be asked to multiply a point off the curve)."""
    return _command(Algorithm.ECC_P256, key, Tlv(RESPONSE) + Tlv(EXPONENTIATION, checked_point(peer)))


def parse_shared_secret(data: bytes) -> bytes:
    """Z, the x coordinate, 32 bytes. Raises MalformedTlv, UnexpectedResponse."""
    secret = find(data, DYNAMIC_AUTHENTICATION_TEMPLATE, RESPONSE)
    if len(secret) != SECRET_LENGTH:
        raise _wrong("a shared secret of 32 bytes")
    return secret


def random_challenge() -> CommandApdu:
    """Ask for random bytes as OpenSC does: a challenge of the administration key, which our cards answer and never use."""
    return CommandApdu(
        0x00,
        0x87,
        0x00,
        KeyReference.ADMINISTRATION,
        Tlv(DYNAMIC_AUTHENTICATION_TEMPLATE, Tlv(CHALLENGE)),
        SHORT_LE_MAX,
    )


def parse_random_challenge(data: bytes) -> bytes:
    """The random bytes. Raises MalformedTlv."""
    return find(data, DYNAMIC_AUTHENTICATION_TEMPLATE, CHALLENGE)


def _checked(der: bytes) -> tuple[int, int]:
    """The r and s of a DER signature."""
    try:
        r, s = decode_dss_signature(der)
    except ValueError:
        raise _wrong("82 with a DER signature") from None
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise _wrong("r and s below the order of P-256")
    return r, s


def _command(algorithm: Algorithm, key: KeyReference, fields: bytes) -> CommandApdu:
    return CommandApdu(0x00, 0x87, algorithm, key, Tlv(DYNAMIC_AUTHENTICATION_TEMPLATE, fields), SHORT_LE_MAX)


def _wrong(rule: str) -> UnexpectedResponse:
    return UnexpectedResponse(step="GENERAL AUTHENTICATE", rule=rule)
