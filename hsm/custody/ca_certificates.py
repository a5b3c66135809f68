# SPDX-License-Identifier: Apache-2.0
"""The CA's certificates over time: the store has the one in use, the journal remembers all, and verifiers need each until it expires."""

import hashlib
from base64 import b64decode, b64encode
from datetime import datetime

from cryptography import x509

from hsm.custody.journal import CustodyJournal
from hsm.errors import CaCertificateRefused

CERTIFICATE = "ca-certificate"
WITHDRAWN = "ca-certificate-withdrawn"


def note_ca_certificate(journal: CustodyJournal, certificate: bytes, now: datetime) -> str:
    """Write a certificate (DER) into the journal; its SHA-256."""
    digest = hashlib.sha256(certificate).hexdigest()
    journal.append(CERTIFICATE, now, sha256=digest, der=b64encode(certificate).decode())
    return digest


def ca_certificates(journal: CustodyJournal, in_use: bytes, now: datetime) -> list[bytes]:
    """The one in use, then the earlier ones that have not expired and were not withdrawn, newest first.

    Raises CaCertificateRefused where the one in use was withdrawn: an old backup brought it back, and nothing may be made under it.
    """
    noted = [b64decode(entry.facts["der"]) for entry in reversed(journal.of(CERTIFICATE))]
    gone = {entry.facts["sha256"] for entry in journal.of(WITHDRAWN)}
    if hashlib.sha256(in_use).hexdigest() in gone:
        raise CaCertificateRefused(rule="the one in use was withdrawn: kartu keys rotate card-ca --at now")
    return [
        in_use,
        *(
            one
            for one in dict.fromkeys(noted)
            if one != in_use and _lives(one, now) and hashlib.sha256(one).hexdigest() not in gone
        ),
    ]


def listed_certificates(journal: CustodyJournal, in_use: bytes) -> list[dict[str, object]]:
    """Every certificate there ever was, oldest first: SHA-256, subject, end, and whether it is in use or withdrawn."""
    gone = {entry.facts["sha256"]: entry for entry in journal.of(WITHDRAWN)}
    ders = dict.fromkeys(b64decode(entry.facts["der"]) for entry in journal.of(CERTIFICATE))
    if in_use:  # an empty back end has none
        ders[in_use] = None  # development keys have none noted
    listed = []
    for der in ders:
        certificate, digest = x509.load_der_x509_certificate(der), hashlib.sha256(der).hexdigest()
        withdrawn = gone.get(digest)
        listed.append(
            {
                "sha256": digest,
                "subject": certificate.subject.rfc4514_string(),
                "not_after": certificate.not_valid_after_utc,
                "in_use": der == in_use,
                "withdrawn": None if withdrawn is None else withdrawn.facts["reason"],
            }
        )
    return listed


def _lives(certificate: bytes, now: datetime) -> bool:
    return now <= x509.load_der_x509_certificate(certificate).not_valid_after_utc
