# SPDX-License-Identifier: Apache-2.0
"""The gate for card keys: seeded bad keys, all refused, and for the right reason."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from cardservice.credentials import goodkey, p256
from cardservice.credentials.errors import CardKeyBlocked, KeyMalformed, KeyRefused, KeyWeak
from tests.credentials.signing import CARD, STRANGER, MemorySigner

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_POINT = CARD.verifying_key.point


@given(st.integers(2, _ORDER - 2))
def test_a_good_key_gets_its_thumbprint(secret: int) -> None:
    private = ec.derive_private_key(secret, ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert goodkey.require_good_card_key(point) == ECKey.import_key(private.public_key()).thumbprint()


@given(st.integers(0, 8 * 65 - 1))
def test_any_flipped_bit_leaves_the_curve(position: int) -> None:
    octets = bytearray(_POINT)
    octets[position // 8] ^= 1 << position % 8
    with pytest.raises(KeyMalformed):
        goodkey.require_good_card_key(bytes(octets))


def _other_curve(curve: ec.EllipticCurve) -> bytes:
    return ec.generate_private_key(curve).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@pytest.mark.parametrize(
    "point",
    [
        b"",
        b"\x00",
        b"\x04",
        bytes(65),
        b"\x04" + bytes(64),
        b"\x04" + b"\xff" * 64,
        _POINT + b"\0",
        _POINT[:-1],
        b"\x02" + _POINT[1:33],
        b"\x06" + _POINT[1:],
        _POINT[:1] + _POINT[33:] + _POINT[1:33],
        _other_curve(ec.SECP256K1()),
        _other_curve(ec.SECP384R1()),
        _other_curve(ec.BrainpoolP256R1()),
    ],
    # Fresh points would give each run other names, and two workers must collect the same tests.
    ids=[f"point-{number}" for number in range(14)],
)
def test_points_that_are_none(point: bytes) -> None:
    with pytest.raises(KeyMalformed):
        goodkey.require_good_card_key(point)


@pytest.mark.parametrize("secret", [1, _ORDER - 1])
def test_keys_that_everyone_knows(secret: int) -> None:
    with pytest.raises(KeyWeak):
        goodkey.require_good_card_key(MemorySigner(secret).verifying_key.point)


def test_blocked_keys() -> None:
    blocked = {goodkey.require_good_card_key(_POINT)}
    with pytest.raises(CardKeyBlocked) as refused:
        goodkey.require_good_card_key(_POINT, blocked=blocked)
    assert refused.value.evidence["thumbprint"] in blocked
    assert goodkey.require_good_card_key(STRANGER.verifying_key.point, blocked=blocked) not in blocked


def test_sabotage_without_the_curve_check_a_made_up_point_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    off_curve = b"\x04" + b"\x01" * 64
    with pytest.raises(KeyRefused):
        goodkey.require_good_card_key(off_curve)
    monkeypatch.setattr(p256, "public_key", lambda _: None)
    assert goodkey.require_good_card_key(off_curve)
