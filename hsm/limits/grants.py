# SPDX-License-Identifier: Apache-2.0
"""Grants: what officers allow once, for exactly these things, until a moment soon.

A statement is strict CBOR, ``["KJS-GRANT-1", deed, SHA-256 of the things, how many, reason, end in seconds, nonce(16)]``; each officer signs
its bytes with ES256. A grant is the statement and the signatures. It names no caller: who holds it uses it, once.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import cbor2

from hsm.errors import GrantRefused
from hsm.limits.officers import Officers
from hsm.strict_cbor import NotStrictCbor, decode_strict

LABEL = "KJS-GRANT-1"
MAX_LIFE = 3600  # seconds
NONCE_LENGTH = 16
DIGEST_LENGTH = 32
MAX_STATEMENT_LENGTH = 512
MAX_SIGNATURES = 8
SIGNATURE_LENGTH = 64


class Deed(StrEnum):
    """What can be granted."""

    UNSEAL_MANY = "unseal-many"
    LIFT_ANOMALY = "lift-anomaly"
    WITHDRAW_CA = "withdraw-ca-certificate"  # done by key custody (hsm/custody/withdrawal.py), not by the key process


NEEDED = {Deed.UNSEAL_MANY: 2, Deed.LIFT_ANOMALY: 1, Deed.WITHDRAW_CA: 2}  # officers


@dataclass(frozen=True, slots=True)
class Statement:
    """What officers sign. ``not_after`` is in seconds since 1970."""

    deed: Deed
    digest: bytes
    count: int
    reason: str
    not_after: int
    nonce: bytes

    def encode(self) -> bytes:
        """The bytes that are signed."""
        return cbor2.dumps([LABEL, str(self.deed), self.digest, self.count, self.reason, self.not_after, self.nonce])

    @classmethod
    def decode(cls, encoded: bytes) -> "Statement":
        """The inverse of ``encode``. Raises GrantRefused."""
        try:
            wire = decode_strict(encoded)
        except NotStrictCbor as error:
            raise GrantRefused(rule=f"a statement is strict CBOR: {error.rule}") from None
        match wire:
            case ["KJS-GRANT-1", str(deed), bytes(digest), int(count), str(reason), int(not_after), bytes(nonce)]:
                if deed in tuple(Deed) and len(digest) == DIGEST_LENGTH and len(nonce) == NONCE_LENGTH:
                    return cls(Deed(deed), digest, count, reason, not_after, nonce)
        raise GrantRefused(rule="a statement has label, deed, digest, count, reason, end and nonce")


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement as its officers signed it; signatures by officer's name, raw r|s."""

    statement: bytes
    signatures: Sequence[tuple[str, bytes]] = field(repr=False)


def digest_of(things: Sequence[object]) -> bytes:
    """The SHA-256 over the CBOR list of the things, in order: contexts of sealed values, or an operation and a user id."""
    return hashlib.sha256(cbor2.dumps(list(things))).digest()


class Nonces(Protocol):
    """Where used nonces are remembered."""

    def spend(self, nonce: bytes, not_after: int, now: int) -> None:
        """Raises GrantSpent the second time."""
        ...


class GrantDesk:
    """Looks at grants, and lets each be used once."""

    def __init__(self, officers: Officers, nonces: Nonces, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds since 1970."""
        self._officers = officers
        self._nonces = nonces
        self._clock = clock

    def use(self, grant: Grant, deed: Deed, things: Sequence[object], reason: str) -> list[str]:
        """Accept a grant for these things, once, and name the officers. Raises GrantRefused; one that is refused is not used up."""
        now = int(self._clock())
        statement = Statement.decode(grant.statement)
        names = sorted({name for name, _ in grant.signatures})
        # STEP 1: it is about this
        _require(holds=statement.deed is deed, rule=f"the grant is for {deed}")
        _require(
            holds=statement.digest == digest_of(things) and statement.count == len(things),
            rule="the grant is for exactly these, in this order",
        )
        _require(holds=statement.reason == reason, rule="the reason is the one that was granted")
        # STEP 2: it is for now
        _require(holds=now < statement.not_after, rule="the grant has run out")
        _require(holds=statement.not_after - now <= MAX_LIFE, rule=f"a grant ends within {MAX_LIFE} seconds")
        # STEP 3: enough different people signed it, and nobody else
        _require(holds=all(name in self._officers for name in names), rule="each signature is an enrolled officer's")
        _require(holds=len(names) >= NEEDED[deed], rule=f"{NEEDED[deed]} different officers sign")
        for name, signature in grant.signatures:
            _require(holds=self._officers.has_signed(name, grant.statement, signature), rule="each signature holds")
        # STEP 4: for the first time; recorded before anything is done
        self._nonces.spend(statement.nonce, statement.not_after, now)
        return names


def _require(*, holds: bool, rule: str) -> None:
    if not holds:
        raise GrantRefused(rule=rule)
