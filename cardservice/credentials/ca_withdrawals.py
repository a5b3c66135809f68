# SPDX-License-Identifier: Apache-2.0
"""The list of withdrawals that verifiers fetch: card CA certificates and keys that nobody is to believe, in a statement that the scheme's audit key signed.

``{"signed": {"es256", "kid", "point"}, "statement": {...}}``; what is signed is ``KJS-STATEMENT-1`` and the SHA-256 of the statement in canonical
form (sorted names, no white space, ASCII). Each list has a number that only rises; an older one than was seen is refused (decision 0180).

| member | what it says |
|---|---|
| kind, number, at | what this is, which of its kind, and of which moment it speaks |
| withdrawn | withdrawn CA certificates: sha256, key_identifier, withdrawn_at, reason, subject. An empty list says that there are none, as of ``at`` |
| withdrawn_keys | names (kid) of signing keys that were destroyed: a key set that still has them is an old one |
| authorities | SHA-256 of each CA certificate that is to be believed |
| audit_keys | SHA-256 of the point of each audit key that may sign the lists to come |
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from cardservice.credentials import p256
from cardservice.credentials.errors import WithdrawalsOlder, WithdrawalsRefused
from cardservice.credentials.strict_json import NotStrictJson, decode_object
from cardservice.keys import VerifyingKey

KIND = "kartu-ca-withdrawals/2"
LABEL = b"KJS-STATEMENT-1"
MAX_LENGTH = 256 * 1024  # bytes; one withdrawal is about 300
MAX_AGE = timedelta(days=35)  # as long as a cover proof is believed off line
MAX_CLOCK_STEP = timedelta(minutes=5)
_DIGEST_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One CA certificate that nobody is to believe: its SHA-256 and its key's identifier (both bytes), since when, and why."""

    certificate: bytes
    key_identifier: bytes
    withdrawn_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class CaWithdrawals:
    """What a believed list says, and of which moment it speaks. ``keys`` are kids, the other sets SHA-256 digests."""

    number: int
    stated_at: datetime
    by_key: Mapping[bytes, Withdrawal]
    keys: frozenset[str]
    authorities: frozenset[bytes]
    audit_keys: frozenset[bytes]

    def believes(self, certificate: bytes) -> bool:
        """Whether a CA certificate (DER) is one that the scheme names."""
        return sha256(certificate).digest() in self.authorities

    def after(self, seen: "CaWithdrawals") -> "CaWithdrawals":
        """This list after one that was seen before: what was withdrawn once stays so, also where a list has forgotten it.

        Raises WithdrawalsOlder: a lower number, an earlier moment, or another list under the same number.
        """
        is_older = self.number < seen.number or self.stated_at < seen.stated_at
        is_other = self.number == seen.number and self.stated_at != seen.stated_at
        if is_older or is_other:
            raise WithdrawalsOlder(
                number=self.number,
                stated_at=self.stated_at.isoformat(timespec="seconds"),
                seen_number=seen.number,
                seen_stated_at=seen.stated_at.isoformat(timespec="seconds"),
            )
        return replace(self, by_key={**seen.by_key, **self.by_key}, keys=self.keys | seen.keys)


def fingerprint(key: VerifyingKey) -> bytes:
    """SHA-256 of a key's uncompressed point: what lists and transcripts call an audit key by."""
    return sha256(key.point).digest()


def read(document: bytes, *, audit_keys: Sequence[VerifyingKey], now: datetime) -> CaWithdrawals:
    """Read a list. Raises WithdrawalsRefused: no such list, not signed by one of the keys, from the future, or older than 35 days."""
    found = read_signed(document, audit_keys=audit_keys)
    require_fresh(found, now)
    return found


def require_fresh(found: CaWithdrawals, now: datetime) -> None:
    """Raises WithdrawalsRefused for a list from the future, or older than 35 days."""
    if now - found.stated_at > MAX_AGE:
        raise WithdrawalsRefused(rule=f"of the last {MAX_AGE.days} days")
    if found.stated_at - now > MAX_CLOCK_STEP:
        raise WithdrawalsRefused(rule="not from the future")


def read_signed(document: bytes, *, audit_keys: Sequence[VerifyingKey]) -> CaWithdrawals:
    """As ``read``, whatever its age: what was withdrawn by then still is. Raises WithdrawalsRefused."""
    if len(document) > MAX_LENGTH:
        raise WithdrawalsRefused(rule=f"at most {MAX_LENGTH} bytes")
    try:
        fields = decode_object(document)
        statement, by = fields["statement"], fields["signed"]
        kid, signature = str(by["kid"]), urlsafe_b64decode(by["es256"])
        kind = statement["kind"]
        if kind != KIND:
            raise WithdrawalsRefused(rule=f"of the kind {KIND}")
        found = _list(statement)
        message = LABEL + sha256(_canonical(statement)).digest()
    except (NotStrictJson, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WithdrawalsRefused(rule="a signed list of withdrawn CA certificates") from None
    signer = next((key for key in audit_keys if key.kid == kid), None)
    if signer is None or not p256.verifies(signer.point, message, signature):
        raise WithdrawalsRefused(rule="signed by an audit key of the scheme")
    return found


def to_members(found: CaWithdrawals) -> dict[str, Any]:
    """What a list, and all before it, withdrew, as a verifier keeps it in JSON."""
    certificates = [
        {
            "sha256": one.certificate.hex(),
            "key_identifier": one.key_identifier.hex(),
            "withdrawn_at": one.withdrawn_at.isoformat(),
            "reason": one.reason,
        }
        for one in found.by_key.values()
    ]
    return {"certificates": certificates, "keys": sorted(found.keys)}


def with_members(found: CaWithdrawals, kept: Mapping[str, Any]) -> CaWithdrawals:
    """A list with what a verifier kept of those before it. Raises KeyError, TypeError or ValueError: the caller knows whose file it was."""
    certificates = {one.key_identifier: one for one in map(_withdrawal, kept["certificates"])}
    return replace(found, by_key={**certificates, **found.by_key}, keys=found.keys | set(_texts(kept["keys"])))


def _list(statement: Mapping[str, Any]) -> CaWithdrawals:
    number = statement["number"]
    if type(number) is not int or number < 1:
        raise ValueError
    return CaWithdrawals(
        number,
        _moment(statement["at"]),
        {one.key_identifier: one for one in map(_withdrawal, statement["withdrawn"])},
        frozenset(str(kid) for kid in _texts(statement["withdrawn_keys"])),
        frozenset(map(_digest, _texts(statement["authorities"]))),
        frozenset(map(_digest, _texts(statement["audit_keys"]))),
    )


def _texts(value: Any) -> list[str]:
    if type(value) is not list or not all(type(one) is str for one in value):
        raise TypeError
    return value


def _digest(text: str) -> bytes:
    value = bytes.fromhex(text)
    if len(value) != _DIGEST_LENGTH:
        raise ValueError
    return value


def _withdrawal(one: Mapping[str, Any]) -> Withdrawal:
    return Withdrawal(
        _digest(one["sha256"]),
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
