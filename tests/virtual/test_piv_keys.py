# SPDX-License-Identifier: Apache-2.0
"""GENERATE and GENERAL AUTHENTICATE: who may use which key for what."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from applets.virtual.chip import StaticKeySet
from applets.virtual.errors import CardTorn
from applets.virtual.piv import general_authenticate
from applets.virtual.tear import Tear, TearMode, WritePhase
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.tlv import Tlv, find
from tests.virtual.host import PIN, PIV_AID, Host

DIGEST = hashlib.sha256(b"message").digest()
GENERATE = bytes.fromhex("AC03800111")


def sign(host: Host, key: int, digest: bytes = DIGEST) -> ResponseApdu:
    return host.send(0x00, 0x87, 0x11, key, Tlv(0x7C, Tlv(0x82) + Tlv(0x81, digest)))


def public(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def regenerated(host: Host, keys: StaticKeySet, key: int) -> ec.EllipticCurvePublicKey:
    host.enter(PIV_AID, keys)
    answer = host.must(host.send(0x00, 0x47, 0x00, key, GENERATE))
    host.select(PIV_AID)
    return public(find(answer, 0x7F49, 0x86))


def log_in(host: Host) -> None:
    host.must(host.send(0x00, 0x20, 0x00, 0x80, PIN, None))


@pytest.mark.parametrize("key", [0x9A, 0x9C, 0x9E])
def test_signatures_verify_under_the_generated_key(personal: Host, transport: StaticKeySet, key: int) -> None:
    made = regenerated(personal, transport, key)
    log_in(personal)
    signature = find(personal.must(sign(personal, key)), 0x7C, 0x82)
    made.verify(signature, DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
    with pytest.raises(InvalidSignature):
        made.verify(signature, bytes(32), ec.ECDSA(Prehashed(hashes.SHA256())))


def test_what_each_key_asks_for(personal: Host) -> None:
    assert [sign(personal, key).sw for key in (0x9A, 0x9C, 0x9D, 0x9E)] == [0x6982, 0x6982, 0x6982, 0x9000]
    log_in(personal)
    assert [sign(personal, 0x9A).sw for _ in range(2)] == [0x9000, 0x9000]


def test_9c_wants_the_pin_right_before_each_use(personal: Host) -> None:
    log_in(personal)
    assert sign(personal, 0x9C).sw == 0x9000
    assert sign(personal, 0x9C).sw == 0x6982
    log_in(personal)
    assert personal.plain("00CB3FFF035C017E00").sw == 0x9000
    assert sign(personal, 0x9C).sw == 0x6982
    log_in(personal)
    assert sign(personal, 0x9A).sw == 0x9000
    assert sign(personal, 0x9C).sw == 0x6982


def test_control_a_card_that_forgets_the_right_before(personal: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(key: int, *, verified: bool, **_: bool) -> bool:
        return honest(key, verified=verified, fresh=verified)

    honest = general_authenticate._allowed
    monkeypatch.setattr(general_authenticate, "_allowed", forgetful)
    log_in(personal)
    assert [sign(personal, 0x9C).sw for _ in range(2)] == [0x9000, 0x9000]


def test_9d_agrees_on_a_secret(personal: Host, transport: StaticKeySet) -> None:
    made = regenerated(personal, transport, 0x9D)
    other = ec.generate_private_key(ec.SECP256R1())
    point = other.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    log_in(personal)
    answer = personal.must(personal.send(0x00, 0x87, 0x11, 0x9D, Tlv(0x7C, Tlv(0x82) + Tlv(0x85, point))))
    assert find(answer, 0x7C, 0x82) == other.exchange(ec.ECDH(), made)


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(b"\x04" + bytes(63) + b"\x01", id="not on the curve"),
        pytest.param(b"\x04" + b"\xff" * 64, id="beyond the field"),
        pytest.param(b"\x04" + bytes(64), id="zeros"),
        pytest.param(b"\x02" + bytes(32), id="compressed"),
        pytest.param(b"\x00", id="infinity"),
        pytest.param(b"", id="empty"),
    ],
)
def test_9d_refuses_what_is_no_point(personal: Host, point: bytes) -> None:
    log_in(personal)
    assert personal.send(0x00, 0x87, 0x11, 0x9D, Tlv(0x7C, Tlv(0x82) + Tlv(0x85, point))).sw == 0x6A80


@pytest.mark.parametrize(
    ("p1", "p2", "data", "sw"),
    [
        (0x07, 0x9E, Tlv(0x7C, Tlv(0x82) + Tlv(0x81, DIGEST)), 0x6A86),
        (0x11, 0x82, Tlv(0x7C, Tlv(0x82) + Tlv(0x81, DIGEST)), 0x6A86),
        (0x11, 0x9E, Tlv(0x7C, Tlv(0x82) + Tlv(0x81, DIGEST[:31])), 0x6A80),
        (0x11, 0x9E, Tlv(0x7C, Tlv(0x82) + Tlv(0x81, DIGEST + b"\x00")), 0x6A80),
        (0x11, 0x9E, Tlv(0x7C, Tlv(0x81, DIGEST)), 0x6A80),
        (0x11, 0x9E, Tlv(0x7C, Tlv(0x82, b"\x00") + Tlv(0x81, DIGEST)), 0x6A80),
        (0x11, 0x9E, Tlv(0x7C, Tlv(0x82) + Tlv(0x81, DIGEST)) + b"\x00", 0x6A80),
        (0x11, 0x9E, Tlv(0x7D, Tlv(0x82)), 0x6A80),
        (0x11, 0x9E, b"", 0x6A80),
        (0x11, 0x9E, Tlv(0x7C, Tlv(0x82) + Tlv(0x85, bytes(65))), 0x6A80),
    ],
)
def test_malformed_general_authenticate(personal: Host, p1: int, p2: int, data: bytes, sw: int) -> None:
    assert personal.send(0x00, 0x87, p1, p2, data).sw == sw


def test_9b_gives_randomness_and_nothing_else(personal: Host) -> None:
    first, second = (personal.must(personal.plain("0087009B047C02810000")) for _ in range(2))
    assert len(find(first, 0x7C, 0x81)) == 8
    assert first != second
    assert personal.plain("0087039B047C02800000").sw == 0x6A80
    assert personal.plain("0087089B047C02810000").sw == 0x6A86


@pytest.mark.parametrize(
    ("p1", "p2", "data", "sw"),
    [(0x01, 0x9A, GENERATE, 0x6A86), (0x00, 0x9B, GENERATE, 0x6A86), (0x00, 0x9A, bytes.fromhex("AC03800114"), 0x6A80)],
)
def test_malformed_generate(personal: Host, transport: StaticKeySet, p1: int, p2: int, data: bytes, sw: int) -> None:
    personal.enter(PIV_AID, transport)
    assert personal.send(0x00, 0x47, p1, p2, data).sw == sw


def test_generate_without_a_channel_is_refused(personal: Host) -> None:
    assert personal.send(0x00, 0x47, 0x00, 0x9A, GENERATE).sw == 0x6982


@pytest.mark.parametrize("phase", list(WritePhase))
def test_a_torn_generate_leaves_the_old_key(personal: Host, transport: StaticKeySet, phase: WritePhase) -> None:
    made = regenerated(personal, transport, 0x9E)
    personal.enter(PIV_AID, transport)
    personal.card.image.arm(Tear(TearMode.WRITE, 1, phase))
    with pytest.raises(CardTorn):
        personal.send(0x00, 0x47, 0x00, 0x9E, GENERATE)
    personal.card.reset()
    personal.select(PIV_AID)
    signature = find(personal.must(sign(personal, 0x9E)), 0x7C, 0x82)
    made.verify(signature, DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
