# SPDX-License-Identifier: Apache-2.0
"""``authenticate``: from a presented secret to the verifier that calls, as a value that only this file makes."""

from dataclasses import dataclass
from datetime import datetime

from cardservice.partnership.errors import CallerUnknown
from cardservice.partnership.verifier_secret import secret_sha256
from cardservice.records import verifiers
from cardservice.records.connection import Connection
from cardservice.records.verifiers import Verifier, VerifierKind


@dataclass(frozen=True, slots=True)
class Caller:
    """A verifier that proved who it is. ``sector`` is the only face of a card that it may learn of."""

    verifier_id: str
    name: str
    kind: VerifierKind
    sector: int


def authenticate(connection: Connection, presented: str, now: datetime) -> Caller:
    """Find the caller by the SHA-256 of the secret. Raises CallerUnknown, the same for unknown, revoked and malformed.

    The lookup compares hashes of what is presented: its timing tells nothing about secrets that exist.
    """
    verifier = verifiers.find_by_secret(connection, secret_sha256(presented))
    if verifier is None or not _is_in_force(verifier, now):
        raise CallerUnknown
    return Caller(verifier.verifier_id, verifier.name, verifier.kind, verifier.sector)


def _is_in_force(verifier: Verifier, now: datetime) -> bool:
    return verifier.revoked_at is None or now < verifier.revoked_at
