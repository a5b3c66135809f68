# SPDX-License-Identifier: Apache-2.0
"""The receipt for cash that an agent took, and the notice that one is void: a compact JWS (RFC 7515) that fits a QR code and needs no network.

Whoever holds it checks it with the published receipt keys. It has no name and no NIK, and no end: a receipt is worth as much years later. The
``hsm`` guard reads the same claims.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cardservice.credentials.errors import TokenClaimsRefused
from cardservice.credentials.jose import sign_token, verify_claims
from cardservice.keys import Signer, VerifyingKey

TYPE = "kartu-receipt+jwt"
MAX_LENGTH = 1_024  # characters; a QR code of version 25-M holds 997 (ISO/IEC 18004, table 7), and ours are below 500

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}", re.ASCII)
_CLAIMS = frozenset({"iss", "iat", "kind", "agent", "number", "member", "rupiah", "taken_at"})


class ReceiptKind(StrEnum):
    """What a document says of a receipt."""

    RECEIPT = "receipt"  # it was given
    VOID = "void"  # it counts no more


@dataclass(frozen=True, slots=True)
class ReceiptDocument:
    """One document. ``member`` is the reference of the member's list; whole rupiah; times are aware, in whole seconds.

    ``voided_at`` goes with VOID.
    """

    issuer: str
    signed_at: datetime
    kind: ReceiptKind
    agent: str
    number: int
    member: str
    rupiah: int
    taken_at: datetime
    voided_at: datetime | None = None

    def claims(self) -> dict[str, Any]:
        """The JWS's claims. Raises TokenClaimsRefused where a value has no place in it."""
        members: dict[str, Any] = {
            "iss": self.issuer,
            "iat": int(self.signed_at.timestamp()),
            "kind": self.kind.value,
            "agent": self.agent,
            "number": self.number,
            "member": self.member,
            "rupiah": self.rupiah,
            "taken_at": int(self.taken_at.timestamp()),
        }
        if self.voided_at is not None:
            members["voided_at"] = int(self.voided_at.timestamp())
        _require_shape(members)
        return members


def issue(signer: Signer, document: ReceiptDocument) -> str:
    """Sign it, ES256. Raises TokenClaimsRefused, and whatever the signer raises."""
    return sign_token(signer, typ=TYPE, claims=document.claims())


def verify(jws: str, *, keys: Iterable[VerifyingKey]) -> ReceiptDocument:
    """What a genuine document says. Raises TokenRefused or KeyRefused, and nothing else: untrusted text."""
    if len(jws) > MAX_LENGTH:
        raise TokenClaimsRefused(rule=f"at most {MAX_LENGTH} characters")
    claims = verify_claims(jws, typ=TYPE, keys=keys)
    _require_shape(claims)
    voided_at = claims.get("voided_at")
    return ReceiptDocument(
        issuer=claims["iss"],
        signed_at=datetime.fromtimestamp(claims["iat"], UTC),
        kind=ReceiptKind(claims["kind"]),
        agent=claims["agent"],
        number=claims["number"],
        member=claims["member"],
        rupiah=claims["rupiah"],
        taken_at=datetime.fromtimestamp(claims["taken_at"], UTC),
        voided_at=None if voided_at is None else datetime.fromtimestamp(voided_at, UTC),
    )


def _require_shape(claims: dict[str, Any]) -> None:
    expected = _CLAIMS | {"voided_at"} if claims.get("kind") == ReceiptKind.VOID else _CLAIMS
    if claims.keys() != expected:
        raise TokenClaimsRefused(rule="the claims of a receipt, or of the notice of a void one, and no other")
    shapes = {
        "iss": _is_text,
        "kind": lambda value: type(value) is str and value in set(ReceiptKind),
        "agent": _is_code,
        "member": _is_code,
    }
    for name, value in claims.items():
        if not shapes.get(name, _is_number)(value):
            raise TokenClaimsRefused(rule=f"{name} is well formed")


def _is_text(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= 512 and value.isprintable()


def _is_code(value: Any) -> bool:
    return type(value) is str and _CODE.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 < value < 1 << 47
