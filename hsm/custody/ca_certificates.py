# SPDX-License-Identifier: Apache-2.0
"""The CA's certificates over time: the store has the one in use, the journal remembers all, and verifiers need each until it expires."""

import hashlib
from base64 import b64decode, b64encode
from datetime import datetime

from cryptography import x509

from hsm.custody.journal import CustodyJournal

CERTIFICATE = "ca-certificate"


def note_ca_certificate(journal: CustodyJournal, certificate: bytes, now: datetime) -> str:
    """Write a certificate (DER) into the journal; its SHA-256."""
    digest = hashlib.sha256(certificate).hexdigest()
    journal.append(CERTIFICATE, now, sha256=digest, der=b64encode(certificate).decode())
    return digest


def ca_certificates(journal: CustodyJournal, in_use: bytes, now: datetime) -> list[bytes]:
    """The one in use, then the earlier ones that have not expired, newest first."""
    noted = [b64decode(entry.facts["der"]) for entry in reversed(journal.of(CERTIFICATE))]
    earlier = [one for one in dict.fromkeys(noted) if one != in_use and _lives(one, now)]
    return [in_use, *earlier]


def _lives(certificate: bytes, now: datetime) -> bool:
    return now <= x509.load_der_x509_certificate(certificate).not_valid_after_utc
