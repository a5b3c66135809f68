# SPDX-License-Identifier: Apache-2.0
"""A whole new set of development keys: one per purpose, two where a successor must be published ahead, one per sector."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardservice.keys import ISSUER_SECTOR, Purpose
from hsm.ca_certificate import self_signed_ca_certificate
from hsm.crypto_periods import CRYPTO_PERIODS, ROTATION_OVERLAP
from hsm.key_bundle import KeyBundle, StoredKey
from hsm.key_identifier import KID_LENGTH, kid_of_point, unpadded_base64url
from hsm.key_store import KeyDescription, KeyKind
from hsm.sealed_file import Randomness

CARD_KEY_VERSION = 0x30  # docs/card-edge.md, "Keys on the card"
TRANSPORT_KEY_VERSION = 0xFF
STATIC_KEY_LENGTH = 32  # AES-256 sets; a sector's master may say 16

# The chip suppliers' well-known test key, 40..4F, twice. Everybody knows it: production refuses it (hsm/production.py).
WELL_KNOWN_TRANSPORT_MASTER = bytes(range(0x40, 0x50)) * 2

# docs/card-edge.md, "Applications": health, transport, merchants, banks, telcos, counter
SECTORS = (0x01, *range(0x10, 0x60), 0x70)

# n of SP 800-186, 3.2.1.3
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_EXTRA_BITS_LENGTH = 40  # 64 more bits than n (FIPS 186-5, A.2.1)


def development_keys(now: datetime, randomness: Randomness) -> KeyBundle:
    """Everything `python -m hsm --init` seals. ``now`` is aware and in UTC."""
    now = now.replace(microsecond=0)
    ca = _signing_key(Purpose.CARD_CA, 1, now, now, randomness)
    keys = [ca, _signing_key(Purpose.AUDIT, 1, now, now, randomness)]
    for purpose in (Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF):
        succession = now + CRYPTO_PERIODS[purpose].making - ROTATION_OVERLAP
        keys += [
            _signing_key(purpose, 1, now, now, randomness),
            _signing_key(purpose, 2, now, succession, randomness),
        ]
    keys.append(_master(Purpose.CARD_MASTER, CARD_KEY_VERSION, ISSUER_SECTOR, randomness(32), now, randomness))
    keys += [
        _master(Purpose.SECTOR_MASTER, CARD_KEY_VERSION, sector, randomness(32), now, randomness) for sector in SECTORS
    ]
    keys.append(
        _master(Purpose.TRANSPORT, TRANSPORT_KEY_VERSION, ISSUER_SECTOR, WELL_KNOWN_TRANSPORT_MASTER, now, randomness)
    )
    keys.append(_plain_key(Purpose.SEAL, KeyKind.AES, now, randomness))
    keys += [
        _plain_key(purpose, KeyKind.HMAC_SHA256, now, randomness)
        for purpose in (Purpose.BLIND_INDEX, Purpose.PSEUDONYM)
    ]
    return KeyBundle(keys, self_signed_ca_certificate(ca, randomness))


def _signing_key(
    purpose: Purpose, version: int, now: datetime, active_from: datetime, randomness: Randomness
) -> StoredKey:
    scalar = int.from_bytes(randomness(_EXTRA_BITS_LENGTH)) % (_P256_ORDER - 1) + 1
    public = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    about = KeyDescription(
        purpose=purpose,
        version=version,
        kid=kid_of_point(point),
        kind=KeyKind.P256,
        created=now,
        active_from=active_from,
        expires=active_from + CRYPTO_PERIODS[purpose].making,
    )
    return StoredKey(about, scalar.to_bytes(32))


def _master(
    purpose: Purpose, version: int, sector: int, secret: bytes, now: datetime, randomness: Randomness
) -> StoredKey:
    about = KeyDescription(
        purpose=purpose,
        version=version,
        kid=_random_kid(randomness),
        kind=KeyKind.AES,
        created=now,
        active_from=now,
        expires=now + CRYPTO_PERIODS[purpose].making,
        sector=sector,
        derived_length=STATIC_KEY_LENGTH,
    )
    return StoredKey(about, secret)


def _plain_key(purpose: Purpose, kind: KeyKind, now: datetime, randomness: Randomness) -> StoredKey:
    about = KeyDescription(
        purpose=purpose,
        version=1,
        kid=_random_kid(randomness),
        kind=kind,
        created=now,
        active_from=now,
        expires=now + CRYPTO_PERIODS[purpose].making,
    )
    return StoredKey(about, randomness(32))


def _random_kid(randomness: Randomness) -> str:
    """A secret key has no public half to be named after; any name of the same shape will do."""
    return unpadded_base64url(randomness(KID_LENGTH))
