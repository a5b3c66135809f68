# SPDX-License-Identifier: Apache-2.0
"""Statements that the audit key signs: ``KJS-STATEMENT-1 | SHA-256 of the canonical document``, which no audit root begins with.

The file is JSON: the document, and beside it who signed it. A verifier must know the audit key from elsewhere (its fingerprint stands in
the transcript of the ceremony): a file that brings its own key proves nothing.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from cardservice.keys import Purpose
from hsm.custody.canonical_json import canonical
from hsm.custody.key_record import fingerprint
from hsm.errors import StatementRefused
from hsm.keys.key_identifier import kid_of_point
from hsm.keys.key_store import KeyStore
from hsm.operations.key_ring import KeyRing

LABEL = b"KJS-STATEMENT-1"
MAX_LENGTH = 16 * 1024 * 1024
_SIGNATURE_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Verified:
    """A statement that holds: what it says, and which audit key said so."""

    document: Mapping[str, Any]
    kid: str
    fingerprint: str


def signed(document: Mapping[str, object], store: KeyStore, now: datetime) -> bytes:
    """The statement as the bytes of a file. Raises KeyNotFound or KeyNotActive for the audit key."""
    key = KeyRing(store).current(Purpose.AUDIT, now)
    statement = json.loads(canonical(document))
    signature = store.sign_es256(key, _message(statement))
    return _file(statement, _signed_by(key.kid, store.verifying_point(key), signature))


def verified(file: bytes, trusted: Collection[str]) -> Verified:
    """Read a statement whose audit key is among the ``trusted`` fingerprints. Raises StatementRefused."""
    if len(file) > MAX_LENGTH:
        raise StatementRefused(rule=f"is at most {MAX_LENGTH} bytes")
    try:
        fields = json.loads(file)
        statement, by = fields["statement"], fields["signed"]
        point, signature = bytes.fromhex(by["point"]), urlsafe_b64decode(by["es256"])
        message, kid = _message(statement), str(by["kid"])
        # What stands beside the document is not signed: it has one spelling, and the name is the key's own.
        in_its_form = _file(statement, _signed_by(kid, point, signature)) == file and kid == kid_of_point(point)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise StatementRefused(rule="is a statement of ours") from None
    if not in_its_form:
        raise StatementRefused(rule="is written as we write it")
    if fingerprint(point) not in trusted:
        raise StatementRefused(rule="is signed by a trusted audit key")
    if not signature_holds(point, message, signature):
        raise StatementRefused(rule="is as it was signed")
    return Verified(statement, kid, fingerprint(point))


def signature_holds(point: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a raw ES256 signature verifies under a public point: by the library alone, with nothing of the store that made it."""
    if len(signature) != _SIGNATURE_LENGTH:
        return False
    half = _SIGNATURE_LENGTH // 2
    der = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key.verify(der, message, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed_by(kid: str, point: bytes, signature: bytes) -> dict[str, str]:
    return {"kid": kid, "point": point.hex(), "es256": urlsafe_b64encode(signature).decode()}


def _file(statement: object, by: Mapping[str, str]) -> bytes:
    """The one form of a statement's file."""
    return json.dumps({"statement": statement, "signed": by}, indent=1, sort_keys=True).encode("ascii") + b"\n"


def _message(statement: Mapping[str, object]) -> bytes:
    return LABEL + hashlib.sha256(canonical(statement)).digest()
