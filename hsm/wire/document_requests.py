# SPDX-License-Identifier: Apache-2.0
"""Requests to sign: one operation per kind of document, since each has its own key, its own guard and its own limit.

The field is the document to be signed (never its hash); the answer is the raw signature r|s, 64 bytes.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

from cardservice.keys import Purpose
from hsm.wire.requests import Request
from hsm.wire.wire_fields import Fields

MAX_DOCUMENT_LENGTH = 8 * 1024  # an eligibility token's limit (RFC 8725 gives none); the other documents are shorter
_LENGTHS = range(1, MAX_DOCUMENT_LENGTH + 1)


@dataclass(frozen=True, slots=True)
class SignDocument(Request):
    """What the five have in common."""

    document: bytes = field(repr=False)
    purpose: ClassVar[Purpose]

    def to_wire(self) -> list[object]:
        """The document."""
        return [self.document]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """The document."""
        document = fields.octets("document", _LENGTHS)
        fields.end()
        return cls(document)


@dataclass(frozen=True, slots=True)
class SignEligibilityToken(SignDocument):
    """A JWS signing input (RFC 7515, 5.1)."""

    operation: ClassVar[str] = "sign-eligibility-token"
    purpose: ClassVar[Purpose] = Purpose.ELIGIBILITY_TOKEN


@dataclass(frozen=True, slots=True)
class SignCoverProof(SignDocument):
    """A COSE Sig_structure (RFC 9052, 4.4)."""

    operation: ClassVar[str] = "sign-cover-proof"
    purpose: ClassVar[Purpose] = Purpose.COVER_PROOF


@dataclass(frozen=True, slots=True)
class SignCardCertificate(SignDocument):
    """A TBSCertificate (RFC 5280, 4.1.2)."""

    operation: ClassVar[str] = "sign-card-certificate"
    purpose: ClassVar[Purpose] = Purpose.CARD_CA


@dataclass(frozen=True, slots=True)
class SignAuditRoot(SignDocument):
    """An audit root (hsm/guards/audit_root.py)."""

    operation: ClassVar[str] = "sign-audit-root"
    purpose: ClassVar[Purpose] = Purpose.AUDIT


@dataclass(frozen=True, slots=True)
class SignReceipt(SignDocument):
    """A receipt for cash, or the notice that one is void: a JWS signing input."""

    operation: ClassVar[str] = "sign-receipt"
    purpose: ClassVar[Purpose] = Purpose.RECEIPT


SIGNING_REQUESTS: dict[Purpose, type[SignDocument]] = {
    kind.purpose: kind
    for kind in (SignEligibilityToken, SignCoverProof, SignCardCertificate, SignAuditRoot, SignReceipt)
}
