# SPDX-License-Identifier: Apache-2.0
"""Input of a cover proof's signature: right ones, and right ones with one thing wrong."""

from collections.abc import Iterator
from datetime import timedelta

import cbor2

from tests.hsm.documents import MISSING, NOW, compressed_key, proof_claims, proof_input, token_input
from tests.hsm.forbidden.keys import ISSUED, OWN_POINT, PROOF_KID, TOKEN_KID

RIGHT: list[tuple[str, bytes]] = [
    ("three programmes", proof_input(PROOF_KID)),
    ("no programme", proof_input(PROOF_KID, {-65538: {}})),
    ("a day", proof_input(PROOF_KID, {4: ISSUED + 86_400})),
]


def forbidden() -> Iterator[tuple[str, bytes]]:
    yield "a raw hash", bytes(range(32))
    yield "an empty list", cbor2.dumps([])
    yield "a token", token_input(PROOF_KID)
    yield "the token key's kid", proof_input(TOKEN_KID)
    yield "another context", proof_input(PROOF_KID, context="Signature")
    yield "MAC0 context", proof_input(PROOF_KID, context="MAC0")
    yield "external data", proof_input(PROOF_KID, external=b"x")
    yield "alg ES384", proof_input(PROOF_KID, protected={1: -35})
    yield "no kid", proof_input(PROOF_KID, protected={4: MISSING})
    yield "a content type", proof_input(PROOF_KID, protected={3: 0})
    yield "crit", proof_input(PROOF_KID, protected={2: [1]})
    yield "36 days", proof_input(PROOF_KID, {4: ISSUED + 36 * 86_400})
    yield "no life", proof_input(PROOF_KID, {4: ISSUED})
    yield "from the future", proof_input(PROOF_KID, now=NOW + timedelta(seconds=61))
    yield "over already", proof_input(PROOF_KID, now=NOW - timedelta(days=35))
    yield "exp a float", proof_input(PROOF_KID, {4: ISSUED + 1.5})
    yield "iat true", proof_input(PROOF_KID, {6: True})
    for key in proof_claims():
        yield f"without {key}", proof_input(PROOF_KID, {key: MISSING})
    yield "a NIK", proof_input(PROOF_KID, {-65541: "3171010101010001"})
    yield "an audience", proof_input(PROOF_KID, {3: "x"})
    yield "a text key", proof_input(PROOF_KID, {"iss": "kartu"})
    yield "sub 15 bytes", proof_input(PROOF_KID, {2: bytes(15)})
    yield "sub a text", proof_input(PROOF_KID, {2: "a" * 16})
    yield "too long", proof_input(PROOF_KID, {1: "k" * 60})
    for name in ("", "kartu", "KJS", "kjs2", b"kjs", "https://kartu.example"):
        yield f"the scheme named {name!r}", proof_input(PROOF_KID, {1: name})
    yield "of eleven minutes ago", proof_input(PROOF_KID, now=NOW - timedelta(minutes=11))
    yield "month 13", proof_input(PROOF_KID, {-65538: {1: 202613}})
    yield "programme 4", proof_input(PROOF_KID, {-65538: {4: 202611}})
    yield "programme true", proof_input(PROOF_KID, {-65538: {True: 202611}})
    yield "negative status index", proof_input(PROOF_KID, {-65537: [1, -1]})
    yield "status of three", proof_input(PROOF_KID, {-65537: [1, 2, 3]})
    yield "P-384 in cnf", proof_input(PROOF_KID, {8: {1: compressed_key() | {-1: 2}}})
    yield "a private key in cnf", proof_input(PROOF_KID, {8: {1: compressed_key() | {-4: bytes(32)}}})
    yield "a kid beside the key", proof_input(PROOF_KID, {8: {1: compressed_key(), 3: b"k"}})
    yield "kty true", proof_input(PROOF_KID, {8: {1: compressed_key() | {-1: True}}})
    yield "off the curve", proof_input(PROOF_KID, {8: {1: compressed_key() | {-2: b"\xff" * 32}}})
    yield "x too short", proof_input(PROOF_KID, {8: {1: compressed_key() | {-2: bytes(31)}}})
    own = OWN_POINT.public_numbers()
    own_key = compressed_key() | {-2: own.x.to_bytes(32), -3: bool(own.y & 1)}
    yield "our own token key in cnf", proof_input(PROOF_KID, {8: {1: own_key}})
    good = proof_input(PROOF_KID)
    yield "bytes behind", good + b"\x00"
    yield "indefinite length", b"\x9f" + good[1:] + b"\xff"
    yield "a tag around it", b"\xd8\x12" + good
    twice = cbor2.dumps(proof_claims())
    twice = bytes([twice[0] + 1]) + twice[1:] + cbor2.dumps(2) + cbor2.dumps(bytes(16))
    head = cbor2.loads(good)[1]
    yield "a claim twice", cbor2.dumps(["Signature1", head, b"", twice])
