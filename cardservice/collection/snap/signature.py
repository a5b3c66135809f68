# SPDX-License-Identifier: Apache-2.0
"""SNAP's signatures (ASPI, "keamanan"): HMAC-SHA512 under the client secret, or SHA256withRSA under the bank's key; Base64 or hexadecimal.

The worked example on the ASPI page does not verify under its own formula (facts/snap-and-ppob.md); ours are in tests/vectors/snap.json.
"""

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding as KeyEncoding
from cryptography.hazmat.primitives.serialization import PublicFormat, load_der_public_key, load_pem_public_key

from cardservice.collection.errors import BankKeyRefused
from cardservice.collection.snap.minify import minify

LEAST_RSA_BITS = 2048
MOST_RSA_BITS = 8192
MAX_SIGNATURE = 2048  # characters: an RSA-8192 signature in hexadecimal

_HEX = re.compile(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+", re.ASCII)


class Encoding(StrEnum):
    """How a bank writes its signatures: BCA Base64, the samples of ASPI hexadecimal."""

    BASE64 = "base64"
    HEX = "hex"

    def write(self, signature: bytes) -> str:
        """The text of a signature."""
        return b64encode(signature).decode() if self is Encoding.BASE64 else signature.hex()

    def read(self, text: str) -> bytes | None:
        """The octets of a signature; None for text that is none, or is not the one way to write them."""
        if not text or len(text) > MAX_SIGNATURE:
            return None
        if self is Encoding.HEX:
            return bytes.fromhex(text) if _HEX.fullmatch(text) else None
        try:
            octets = b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None
        return octets if b64encode(octets).decode() == text else None


def token_string(client_id: str, timestamp: str) -> bytes:
    """What a bank signs to get an access token: ``client_ID|X-TIMESTAMP``."""
    return f"{client_id}|{timestamp}".encode()


def symmetric_string(method: str, endpoint: str, access_token: str, body: bytes, timestamp: str) -> bytes:
    """Signature 1: ``method:EndpointUrl:AccessToken:hash(body):X-TIMESTAMP``; the token without "Bearer "."""
    return f"{method}:{endpoint}:{access_token}:{body_hash(body)}:{timestamp}".encode()


def asymmetric_string(method: str, endpoint: str, body: bytes, timestamp: str) -> bytes:
    """Signature 2, without a token: ``method:EndpointUrl:hash(body):X-TIMESTAMP``."""
    return f"{method}:{endpoint}:{body_hash(body)}:{timestamp}".encode()


def body_hash(body: bytes) -> str:
    """Lower-case hexadecimal SHA-256 of the minified body; an empty body hashes as the empty string."""
    return hashlib.sha256(minify(body)).hexdigest()


def hmac_sha512(client_secret: bytes, string_to_sign: bytes) -> bytes:
    """Signature 1, 64 bytes, as a bank makes it. Ours is compared in the key process."""
    return hmac.digest(client_secret, string_to_sign, "sha512")


def rsa_verifies(public_key: bytes, string_to_sign: bytes, signature: bytes | None) -> bool:
    """Whether SHA256withRSA (RFC 8017, 8.2: PKCS #1 v1.5) is right under a key that read_public_key() took (DER)."""
    key = load_der_public_key(public_key)
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(signature or b"", string_to_sign, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def read_public_key(pem: bytes) -> bytes:
    """A bank's public key file (PEM) as SubjectPublicKeyInfo (DER). Raises BankKeyRefused."""
    try:
        key = load_pem_public_key(pem)
    except Exception:  # noqa: BLE001 - whatever the library says of a file that is no key
        raise BankKeyRefused(rule="PEM: BEGIN PUBLIC KEY") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise BankKeyRefused(rule="RSA")
    if not LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS:
        raise BankKeyRefused(rule=f"RSA of {LEAST_RSA_BITS} to {MOST_RSA_BITS} bits, not {key.key_size}")
    if key.public_numbers().e < 65537:
        raise BankKeyRefused(rule="an exponent of at least 65537")
    return key.public_bytes(KeyEncoding.DER, PublicFormat.SubjectPublicKeyInfo)
