# SPDX-License-Identifier: Apache-2.0
"""The list of withdrawn card CA certificates that verifiers fetch with ``card-ca.pem``: a statement that the scheme's audit key signed.

``{"signed": {"es256", "kid", "point"}, "statement": {"at", "kind", "withdrawn": [...]}}``; what is signed is ``KJS-STATEMENT-1`` and the
SHA-256 of the statement in canonical form (sorted names, no white space, ASCII). An empty list says that none is withdrawn, as of ``at``.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from cardservice.credentials import p256
from cardservice.credentials.errors import WithdrawalsRefused
from cardservice.credentials.strict_json import NotStrictJson, decode_object
from cardservice.keys import VerifyingKey

KIND = "kartu-ca-withdrawals/1"
LABEL = b"KJS-STATEMENT-1"
MAX_LENGTH = 256 * 1024  # bytes; one withdrawal is about 300
MAX_AGE = timedelta(days=35)  # as long as a cover proof is believed off line
MAX_CLOCK_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One CA certificate that nobody is to believe: its SHA-256 and its key's identifier (both bytes), since when, and why."""

    certificate: bytes
    key_identifier: bytes
    withdrawn_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class CaWithdrawals:
    """What a believed list says, and of which moment it speaks."""

    stated_at: datetime
    by_key: Mapping[bytes, Withdrawal]


def read(document: bytes, *, audit_keys: Sequence[VerifyingKey], now: datetime) -> CaWithdrawals:
    """Read a list. Raises WithdrawalsRefused: no such list, not signed by one of the keys, from the future, or older than 35 days."""
    if len(document) > MAX_LENGTH:
        raise WithdrawalsRefused(rule=f"at most {MAX_LENGTH} bytes")
    try:
        fields = decode_object(document)
        statement, by = fields["statement"], fields["signed"]
        kid, signature = str(by["kid"]), urlsafe_b64decode(by["es256"])
        kind, stated_at = statement["kind"], _moment(statement["at"])
        found = [_withdrawal(one) for one in statement["withdrawn"]]
        message = LABEL + sha256(_canonical(statement)).digest()
    except (NotStrictJson, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WithdrawalsRefused(rule="a signed list of withdrawn CA certificates") from None
    if kind != KIND:
        raise WithdrawalsRefused(rule=f"of the kind {KIND}")
    signer = next((key for key in audit_keys if key.kid == kid), None)
    if signer is None or not p256.verifies(signer.point, message, signature):
        raise WithdrawalsRefused(rule="signed by an audit key of the scheme")
    if now - stated_at > MAX_AGE:
        raise WithdrawalsRefused(rule=f"of the last {MAX_AGE.days} days")
    if stated_at - now > MAX_CLOCK_STEP:
        raise WithdrawalsRefused(rule="not from the future")
    return CaWithdrawals(stated_at, {one.key_identifier: one for one in found})


def _withdrawal(one: Mapping[str, Any]) -> Withdrawal:
    return Withdrawal(
        bytes.fromhex(one["sha256"]),
        bytes.fromhex(one["key_identifier"]),
        _moment(one["withdrawn_at"]),
        str(one["reason"]),
    )


def _moment(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    if at.tzinfo is None:
        raise ValueError
    return at


def _canonical(statement: Mapping[str, Any]) -> bytes:
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
