# SPDX-License-Identifier: Apache-2.0
"""INTERNAL AUTHENTICATE of a sector: the tap that proves a card present (docs/card-edge.md, "Tap, offline: two APDUs")."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import TapNotProven
from cardservice.card_edge.p256 import public_key

PREFIX = b"KJS-TAP-1"  # a tap can never be reused as another kind of signature
CHALLENGE_ID_LENGTH = 4
DIGEST_LENGTH = 32
NONCE_LENGTH = 16
TIME_LENGTH = 8
SIGNATURE_LENGTH = 64
MAX_NAME_LENGTH = 255  # a name stands behind one length byte


@dataclass(frozen=True, slots=True)
class ProvenTap:
    """A tap whose signature verified: this sector's key was there, and answered this challenge."""

    aid: bytes
    challenge_id: bytes
    digest: bytes


def tap_digest(verifier_id: str, terminal_id: str, purpose: str, nonce: bytes, time: datetime) -> bytes:
    """H = SHA-256(LV verifier | LV terminal | LV purpose | nonce(16) | time(8)), 32 bytes.

    Names are UTF-8; time is whole seconds since 1970 UTC, big-endian (decision 0011). Raises TapNotProven for fields that do not fit: a
    digest of ambiguous fields would bind nothing.
    """
    if len(nonce) != NONCE_LENGTH or time.tzinfo is None:
        raise TapNotProven(rule="a nonce of 16 bytes and a time with its zone")
    seconds = int(time.timestamp())
    if seconds < 0:
        raise TapNotProven(rule="a time since 1970")
    names = b"".join(_length_value(name) for name in (verifier_id, terminal_id, purpose))
    return sha256(names + nonce + seconds.to_bytes(TIME_LENGTH, "big")).digest()


def internal_authenticate(challenge_id: bytes, digest: bytes) -> CommandApdu:
    """The command; ``challenge_id`` is 4 bytes, ``digest`` H."""
    _check_lengths(challenge_id, digest)
    return CommandApdu(0x00, 0x88, 0x00, 0x00, challenge_id + digest, SHORT_LE_MAX)


def tap_message(aid: bytes, challenge_id: bytes, digest: bytes) -> bytes:
    """What the card signs with ECDSA and SHA-256: ``"KJS-TAP-1" | AID | challenge id | H``."""
    _check_lengths(challenge_id, digest)
    return PREFIX + aid + challenge_id + digest


def verify_tap(point: bytes, aid: bytes, challenge_id: bytes, digest: bytes, signature: bytes) -> ProvenTap:
    """Verify raw r|s under the sector key of the cover proof (65-byte point). Raises TapNotProven; UnexpectedResponse for a bad point."""
    if len(signature) != SIGNATURE_LENGTH:
        raise TapNotProven(rule="a signature of 64 bytes")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        public_key(point).verify(encode_dss_signature(r, s), tap_message(aid, challenge_id, digest), ECDSA(SHA256()))
    except InvalidSignature:
        raise TapNotProven(rule="a signature under the sector key") from None
    return ProvenTap(aid, challenge_id, digest)


def _length_value(name: str) -> bytes:
    value = name.encode("utf-8")
    if not 1 <= len(value) <= MAX_NAME_LENGTH:
        raise TapNotProven(rule="names of 1 to 255 bytes")
    return bytes([len(value)]) + value


def _check_lengths(challenge_id: bytes, digest: bytes) -> None:
    if len(challenge_id) != CHALLENGE_ID_LENGTH or len(digest) != DIGEST_LENGTH:
        raise TapNotProven(rule="a challenge id of 4 bytes and a digest of 32")
