# SPDX-License-Identifier: Apache-2.0
"""A card as a holder carries it: objects, certificates over keys made on the card, PIN and PUK, in an image file."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from applets.virtual.card import VirtualCard
from applets.virtual.chip import StaticKeySet
from applets.virtual.factory import blank_chip, transport_key_set
from cardservice.card_edge.tlv import Tlv, find
from tests.virtual.host import PIV_AID, Host

MASTER = bytes(range(32))
HOLDER = "SITI RAHAYU"
FASC_N = bytes.fromhex("D4E739DA739CED39CE739D836858210842108421C84210C3EB")
GUID = bytes.fromhex("0102030405060708090A0B0C0D0E0F10")
KEY_HISTORY = bytes.fromhex("C10100C20100FE00")
CCC = bytes.fromhex(
    "F015A000000116FF0200112233445566778899AABBCCDDF10121F20121F300F400F50110F600F700FA00FB00FC00FD00FE00"
)
PRINTED = b"\x01\x0bSITI RAHAYU\xfe\x00"
SLOTS = {0x9A: 0x5FC105, 0x9C: 0x5FC10A, 0x9D: 0x5FC10B, 0x9E: 0x5FC101}
# digital signature, content commitment (non-repudiation), key agreement: OpenSC takes a key's purpose from its certificate.
USAGE = {0x9A: (True, False, False), 0x9C: (True, True, False), 0x9D: (False, False, True), 0x9E: (True, False, False)}


@dataclass(frozen=True)
class Issued:
    """What the tests compare with."""

    image: Path
    public_keys: dict[int, ec.EllipticCurvePublicKey]


def issue(path: Path, entropy: Callable[[int], bytes], *, pin: bytes, puk: bytes) -> Issued:
    """Issue a card over its own secure channel, into an image file."""
    image = blank_chip(entropy=entropy, transport_master=MASTER).stored_at(path, fsync=False)
    host = Host(VirtualCard(image, entropy=entropy))
    keys = transport_key_set(MASTER, image.chip.kdd)
    host.install_all(keys, 0x01)
    public_keys = _personalize(host, keys)
    host.set_pin(keys, pin, puk)
    return Issued(path, public_keys)


def _personalize(host: Host, keys: StaticKeySet) -> dict[int, ec.EllipticCurvePublicKey]:
    host.enter(PIV_AID, keys)
    public_keys = {}
    ca = ec.generate_private_key(ec.SECP256R1())
    chuid = Tlv(0x30, FASC_N) + Tlv(0x34, GUID) + Tlv(0x35, b"20310101") + Tlv(0x3E) + Tlv(0xFE)
    _put(host, 0x5FC102, chuid)
    _put(host, 0x5FC107, CCC)
    _put(host, 0x5FC10C, KEY_HISTORY)
    _put(host, 0x5FC109, PRINTED)
    for slot, tag in SLOTS.items():
        answer = host.must(host.send(0x00, 0x47, 0x00, slot, bytes.fromhex("AC03800111")))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), find(answer, 0x7F49, 0x86))
        public_keys[slot] = public
        _put(host, tag, Tlv(0x70, _certificate(ca, public, slot)) + Tlv(0x71, b"\x00") + Tlv(0xFE))
    return public_keys


def _put(host: Host, tag: int, content: bytes) -> None:
    name = tag.to_bytes(3, "big")
    host.must(host.send(0x00, 0xDB, 0x3F, 0xFF, Tlv(0x5C, name) + Tlv(0x53, content), le=None))


def _certificate(ca: ec.EllipticCurvePrivateKey, public: ec.EllipticCurvePublicKey, slot: int) -> bytes:
    signature, commitment, agreement = USAGE[slot]
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=signature,
        content_commitment=commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=agreement,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOLDER)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")]))
        .public_key(public)
        .serial_number(slot)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
        .add_extension(usage, critical=True)
    )
    return builder.sign(ca, hashes.SHA256()).public_bytes(Encoding.DER)
