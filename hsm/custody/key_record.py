# SPDX-License-Identifier: Apache-2.0
"""A key as journals, manifests and statements write it down: its description, and a check that shows which key it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cardservice.keys import Purpose
from hsm.keys.key_check import HMAC_CHECK_LENGTH, HMAC_CHECK_MESSAGE, check_value_of_point
from hsm.keys.key_store import KeyDescription, KeyKind, KeyStore


def fingerprint(point: bytes) -> str:
    """SHA-256 of the uncompressed point, 64 hexadecimal digits: what transcripts and auditors compare."""
    return check_value_of_point(point).hex()


def check_of(store: KeyStore, key: KeyDescription) -> str:
    """The key's check value (hsm/keys/key_check.py), asked of the store that holds it; hexadecimal."""
    if key.kind is KeyKind.P256:
        return fingerprint(store.verifying_point(key))
    if key.kind is KeyKind.AES:
        return store.check_value(key).hex()
    return store.hmac(key, HMAC_CHECK_MESSAGE)[:HMAC_CHECK_LENGTH].hex()


def described(key: KeyDescription) -> dict[str, object]:
    """A description as JSON writes it."""
    return {
        "purpose": str(key.purpose),
        "version": key.version,
        "sector": key.sector,
        "kid": key.kid,
        "kind": str(key.kind),
        "created": key.created,
        "active_from": key.active_from,
        "expires": key.expires,
        "derived_length": key.derived_length,
        "ended": key.is_ended,
    }


def description_of(record: Mapping[str, Any]) -> KeyDescription:
    """The inverse of ``described``, times as text. Raises KeyError, TypeError or ValueError: the caller knows whose record it was."""
    return KeyDescription(
        purpose=Purpose(record["purpose"]),
        version=int(record["version"]),
        kid=str(record["kid"]),
        kind=KeyKind(record["kind"]),
        created=datetime.fromisoformat(record["created"]),
        active_from=datetime.fromisoformat(record["active_from"]),
        expires=datetime.fromisoformat(record["expires"]),
        sector=int(record["sector"]),
        derived_length=int(record["derived_length"]),
        is_ended=bool(record.get("ended", False)),  # written by an earlier version, it is not there
    )
