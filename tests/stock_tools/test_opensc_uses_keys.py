# SPDX-License-Identifier: Apache-2.0
"""Stock middleware logs in, signs with 9A, 9C and 9E, derives with 9D, and meets a blocked PIN."""

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardservice.card_edge.tlv import find
from tests.stock_tools.conftest import Desk

pytestmark = pytest.mark.needs("pcscd", "opensc")

PIN = "123456"
PUK = "87654321"
MESSAGE = b"Iuran Januari 2026"


def sign(desk: Desk, key_id: str, *options: str) -> bytes:
    (desk.folder / "hash").write_bytes(hashlib.sha256(MESSAGE).digest())
    files = ("--input-file", "hash", "--output-file", "signature")
    desk.run("pkcs11-tool", *options, "--sign", "--mechanism", "ECDSA", "--id", key_id, *files)
    return (desk.folder / "signature").read_bytes()


def verify(public: ec.EllipticCurvePublicKey, signature: bytes) -> None:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public.verify(encode_dss_signature(r, s), hashlib.sha256(MESSAGE).digest(), ec.ECDSA(Prehashed(hashes.SHA256())))


def dumped(said: str) -> bytes:
    """The bytes of opensc-tool's dump: 16 to a line, in hex, then as characters."""
    lines = [line[:47] for line in said.splitlines()[1:] if line.strip()]
    return bytes.fromhex("".join(lines))


@pytest.mark.parametrize(("key_id", "slot"), [("01", 0x9A), ("02", 0x9C), ("04", 0x9E)])
def test_signs_after_login(desk: Desk, key_id: str, slot: int) -> None:
    verify(desk.issued.public_keys[slot], sign(desk, key_id, "--login", "--pin", PIN))


def test_9e_signs_without_a_pin(desk: Desk) -> None:
    digest = hashlib.sha256(MESSAGE).hexdigest()
    said = desk.run("opensc-tool", "-s", "00A4040009A00000030800001000", "-s", f"0087119E267C2482008120{digest}00")
    answer = dumped(said.rsplit("Received", 1)[1])
    desk.issued.public_keys[0x9E].verify(
        find(answer, 0x7C, 0x82), bytes.fromhex(digest), ec.ECDSA(Prehashed(hashes.SHA256()))
    )


def test_9d_derives_a_shared_secret(desk: Desk) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    peer = other.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    (desk.folder / "peer").write_bytes(peer)
    files = ("--input-file", "peer", "--output-file", "secret")
    login = ("--login", "--pin", PIN)
    desk.run("pkcs11-tool", *login, "--derive", "--mechanism", "ECDH1-COFACTOR-DERIVE", "--id", "03", *files)
    expected = other.exchange(ec.ECDH(), desk.issued.public_keys[0x9D])
    assert (desk.folder / "secret").read_bytes() == expected


def test_wrong_pins_block_and_the_puk_gives_a_new_pin(desk: Desk) -> None:
    for _ in range(3):
        said = desk.run("pkcs11-tool", "--login", "--pin", "999999", "--list-objects", check=False)
        assert "CKR_PIN_INCORRECT" in said or "CKR_PIN_LOCKED" in said
    assert "CKR_PIN_LOCKED" in desk.run("pkcs11-tool", "--login", "--pin", PIN, "--list-objects", check=False)
    desk.run("pkcs15-tool", "--unblock-pin", "--puk", PUK, "--new-pin", "654321")
    verify(desk.issued.public_keys[0x9A], sign(desk, "01", "--login", "--pin", "654321"))


def test_the_holder_changes_the_pin(desk: Desk) -> None:
    desk.run("pkcs11-tool", "--login", "--pin", PIN, "--change-pin", "--new-pin", "11223344")
    verify(desk.issued.public_keys[0x9A], sign(desk, "01", "--login", "--pin", "11223344"))


@pytest.mark.needs("yubico-piv-tool")
def test_yubico_piv_tool_verifies_the_pin(desk: Desk) -> None:
    said = desk.run("yubico-piv-tool", "-a", "verify-pin", "-P", PIN, "-r", "Virtual PCD 00 00")
    assert "Successfully verified PIN" in said


@pytest.mark.needs("yubico-piv-tool")
def test_the_image_file_keeps_what_the_middleware_did(desk: Desk) -> None:
    desk.run("pkcs11-tool", "--login", "--pin", "999999", "--list-objects", check=False)
    assert "PIN tries left:\t2" in desk.run("yubico-piv-tool", "-a", "status", "-r", "Virtual PCD 00 00")
    assert '"tries":2' in Path(desk.issued.image).read_text(encoding="ascii")
