# SPDX-License-Identifier: Apache-2.0
"""The secret of an intermediary: ``kpi_`` and 43 characters of base64url over 32 random octets. Shown once; we keep its SHA-256."""

import hashlib
import re
from base64 import urlsafe_b64encode
from datetime import datetime

from cardservice.audit.record import record
from cardservice.partnership.errors import CallerUnknown, SecretTooShort
from cardservice.records import intermediaries, intermediary_secrets
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.intermediary_secrets import IntermediarySecret

PREFIX = "kpi_"  # lets scanners find a secret that leaked into a repository
SECRET_OCTETS = 32

_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)


def give_secret(connection: Connection, code: str, *, random_octets: bytes, by: str, at: datetime) -> str:
    """Give an intermediary a secret, in place of the one that it had. ``random_octets``: 32, used for nothing else.

    Raises RecordNotFound, SecretTooShort.
    """
    if len(random_octets) != SECRET_OCTETS:
        raise SecretTooShort(octets=len(random_octets), least=SECRET_OCTETS)
    own = intermediaries.get_by_code(connection, code)
    secret = PREFIX + urlsafe_b64encode(random_octets).decode().rstrip("=")
    intermediary_secrets.give(connection, IntermediarySecret(own.intermediary_id, _sha256(secret), at))
    record(connection, AuditEvent("intermediary.secret-given", at, {"intermediary": code, "by": by}))
    return secret


def revoke_secret(connection: Connection, code: str, *, by: str, at: datetime) -> None:
    """From now on its secret is unknown. Raises RecordNotFound."""
    own = intermediaries.get_by_code(connection, code)
    intermediary_secrets.revoke(connection, own.intermediary_id, at)
    record(connection, AuditEvent("intermediary.secret-revoked", at, {"intermediary": code, "by": by}))


def intermediary_of(connection: Connection, presented: str, now: datetime) -> str:
    """The code of the intermediary with this secret. Raises CallerUnknown, the same for unknown, revoked and malformed."""
    known = intermediary_secrets.owner_of(connection, _sha256(presented)) if _SECRET.fullmatch(presented) else None
    if known is None or (known[1] is not None and known[1] <= now):
        raise CallerUnknown
    return known[0]


def _sha256(secret: str) -> bytes:
    """256 random bits need no salt and no stretching."""
    return hashlib.sha256(secret.encode()).digest()
