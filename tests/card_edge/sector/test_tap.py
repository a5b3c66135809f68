# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.errors import TapNotProven, UnexpectedResponse
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.tap import ProvenTap, internal_authenticate, tap_digest, tap_message, verify_tap

KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
POINT = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
AID, CHALLENGE_ID = sector_aid(0x01), b"\x00\x01\x02\x03"
TIME = datetime(2026, 11, 23, 6, 0, 0, tzinfo=UTC)
DIGEST = tap_digest("rs-harapan", "loket-3", "outpatient", bytes(16), TIME)


def signed(message: bytes, key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_the_digest_written_out() -> None:
    text = b"\x0ars-harapan" + b"\x07loket-3" + b"\x0aoutpatient" + bytes(16) + int(TIME.timestamp()).to_bytes(8, "big")
    assert sha256(text).digest() == DIGEST


NAMES = st.text(min_size=1, max_size=20)


@given(st.tuples(NAMES, NAMES, NAMES), st.tuples(NAMES, NAMES, NAMES))
def test_other_names_give_another_digest_however_they_are_cut(
    one: tuple[str, str, str], two: tuple[str, str, str]
) -> None:
    same = tap_digest(*one, bytes(16), TIME) == tap_digest(*two, bytes(16), TIME)
    assert same == (one == two)


def test_time_is_bound_by_the_second_in_any_zone() -> None:
    jakarta = TIME.astimezone(timezone(timedelta(hours=7)))
    assert tap_digest("v", "t", "p", bytes(16), jakarta) == tap_digest("v", "t", "p", bytes(16), TIME)
    assert tap_digest("v", "t", "p", bytes(16), TIME + timedelta(seconds=1)) != tap_digest(
        "v", "t", "p", bytes(16), TIME
    )


@pytest.mark.parametrize(
    ("verifier", "nonce", "time"),
    [
        ("", bytes(16), TIME),
        ("x" * 256, bytes(16), TIME),
        ("é" * 128, bytes(16), TIME),
        ("v", bytes(15), TIME),
        ("v", bytes(16), TIME.replace(tzinfo=None)),
        ("v", bytes(16), datetime(1969, 1, 1, tzinfo=UTC)),
    ],
)
def test_fields_that_do_not_fit_are_refused(verifier: str, nonce: bytes, time: datetime) -> None:
    with pytest.raises(TapNotProven):
        tap_digest(verifier, "t", "p", nonce, time)


def test_the_command_and_what_is_signed() -> None:
    assert internal_authenticate(CHALLENGE_ID, DIGEST).encode().hex() == "0088000024" + "00010203" + DIGEST.hex() + "00"
    assert tap_message(AID, CHALLENGE_ID, DIGEST) == b"KJS-TAP-1" + AID + CHALLENGE_ID + DIGEST
    for challenge_id, digest in ((b"\x00" * 3, DIGEST), (CHALLENGE_ID, DIGEST[:31])):
        with pytest.raises(TapNotProven):
            internal_authenticate(challenge_id, digest)
        with pytest.raises(TapNotProven):
            tap_message(AID, challenge_id, digest)


def test_a_right_tap_is_proven() -> None:
    signature = signed(tap_message(AID, CHALLENGE_ID, DIGEST))
    assert verify_tap(POINT, AID, CHALLENGE_ID, DIGEST, signature) == ProvenTap(AID, CHALLENGE_ID, DIGEST)


def test_any_flipped_bit_is_not_proven() -> None:
    signature = signed(tap_message(AID, CHALLENGE_ID, DIGEST))
    for bit in range(0, 512, 7):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        with pytest.raises(TapNotProven):
            verify_tap(POINT, AID, CHALLENGE_ID, DIGEST, bytes(flipped))


def test_another_key_sector_challenge_or_digest_is_not_proven() -> None:
    signature = signed(tap_message(AID, CHALLENGE_ID, DIGEST))
    clone = signed(tap_message(AID, CHALLENGE_ID, DIGEST), ec.derive_private_key(7, ec.SECP256R1()))
    for aid, challenge_id, digest, given_signature in (
        (AID, CHALLENGE_ID, DIGEST, clone),
        (sector_aid(0x10), CHALLENGE_ID, DIGEST, signature),
        (AID, b"\x00\x01\x02\x04", DIGEST, signature),
        (AID, CHALLENGE_ID, bytes(32), signature),
        (AID, CHALLENGE_ID, DIGEST, bytes(64)),
        (AID, CHALLENGE_ID, DIGEST, b"\xff" * 64),
        (AID, CHALLENGE_ID, DIGEST, signature[:-1]),
        (AID, CHALLENGE_ID, DIGEST, b""),
    ):
        with pytest.raises(TapNotProven):
            verify_tap(POINT, aid, challenge_id, digest, given_signature)


def test_a_signature_over_the_bare_digest_is_not_proven() -> None:
    with pytest.raises(TapNotProven):
        verify_tap(POINT, AID, CHALLENGE_ID, DIGEST, signed(DIGEST))


def test_sabotage_without_the_prefix_another_kind_of_signature_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    other_kind = signed(AID + CHALLENGE_ID + DIGEST)
    with pytest.raises(TapNotProven):
        verify_tap(POINT, AID, CHALLENGE_ID, DIGEST, other_kind)
    monkeypatch.setattr("cardservice.card_edge.sector.tap.PREFIX", b"")
    verify_tap(POINT, AID, CHALLENGE_ID, DIGEST, other_kind)


def test_a_sector_key_off_the_curve_is_refused() -> None:
    with pytest.raises(UnexpectedResponse):
        verify_tap(b"\x04" + bytes(64), AID, CHALLENGE_ID, DIGEST, bytes(64))
