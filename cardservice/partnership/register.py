# SPDX-License-Identifier: Apache-2.0
"""``register``: take a verifier in, and give it a secret that is shown this once; ``revoke``: let it go."""

from dataclasses import dataclass, field
from datetime import datetime

from cardservice.audit.record import record
from cardservice.partnership.errors import SectorOutOfKind, VerifierNameMalformed
from cardservice.partnership.sectors import SECTORS
from cardservice.partnership.verifier_secret import secret_sha256, write_secret
from cardservice.records import verifiers
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.verifiers import Verifier, VerifierKind

MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class Registered:
    """The verifier and its secret. Nobody can read the secret again."""

    verifier: Verifier
    secret: str = field(repr=False)


def register(
    connection: Connection,
    *,
    verifier_id: str,
    name: str,
    kind: VerifierKind,
    sector: int,
    random_octets: bytes,
    at: datetime,
) -> Registered:
    """Take a verifier in. ``random_octets``: 32, from the system's source, never used for anything else.

    Raises VerifierNameMalformed, SectorOutOfKind, SecretTooShort.
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise VerifierNameMalformed(most=MAX_NAME)
    own = SECTORS[kind]
    if sector not in own:
        raise SectorOutOfKind(kind=kind.value, sector=f"{sector:02X}", first=f"{own[0]:02X}", last=f"{own[-1]:02X}")
    secret = write_secret(random_octets)
    verifier = Verifier(verifier_id, name, kind, sector, secret_sha256(secret), at, None)
    verifiers.add(connection, verifier)
    detail = {"verifier": verifier_id, "kind": kind.value, "sector": sector}
    record(connection, AuditEvent("verifier.registered", at, dict(detail)))
    return Registered(verifier, secret)


def revoke(connection: Connection, verifier_id: str, at: datetime) -> None:
    """From now on its secret is unknown. Raises RecordNotFound."""
    verifiers.revoke(connection, verifier_id, at)
    record(connection, AuditEvent("verifier.revoked", at, {"verifier": verifier_id}))
