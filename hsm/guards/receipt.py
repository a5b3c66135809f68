# SPDX-License-Identifier: Apache-2.0
"""The guard of receipts: a JWS signing input (RFC 7515, 5.1) about one agent's cash, taken not long ago, or the notice that such a receipt is void."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hsm.guards.compact_jws import claims_of, is_text
from hsm.guards.signing_context import SigningContext

MAX_LENGTH = 2 * 1024
MAX_SKEW = 60  # seconds between our clock and the one that wrote iat
# Between what a document tells of and its signature: a key process may be away for a while.
MAX_AGE = timedelta(days=31)
MOST_RUPIAH = 10**14
TYPE = "kartu-receipt+jwt"
RECEIPT, VOID = "receipt", "void"

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


def _is_code(value: Any) -> bool:
    return type(value) is str and _CODE.fullmatch(value) is not None


def _is_seconds(value: Any) -> bool:
    return type(value) is int and 0 < value < 1 << 40


CLAIMS: dict[str, Callable[[Any], bool]] = {
    "iss": is_text,
    "iat": _is_seconds,
    "kind": lambda value: value in (RECEIPT, VOID),
    "agent": _is_code,
    "number": lambda value: type(value) is int and 0 < value < 1 << 31,
    "member": _is_code,
    "rupiah": lambda value: type(value) is int and 0 < value <= MOST_RUPIAH,
    "taken_at": _is_seconds,
}
OF_VOID: dict[str, Callable[[Any], bool]] = {"voided_at": _is_seconds}


def guard_receipt(document: bytes, context: SigningContext) -> None:
    """Raise DocumentRefused unless the document is a receipt, or the notice of a void one, for this key and this moment."""
    _guard_claims(claims_of(document, context, TYPE, MAX_LENGTH), context)


def _guard_claims(claims: dict[str, Any], context: SigningContext) -> None:
    known = CLAIMS | OF_VOID if claims.get("kind") == VOID else CLAIMS
    context.require(holds=claims.keys() == known.keys(), rule="the claims of its kind are there and no other")
    for name, is_right in known.items():
        context.require(holds=is_right(claims[name]), rule=f"claim {name} is well formed")
    context.require(
        holds=not context.issuer or claims["iss"] == context.issuer, rule="iss is this scheme's own (KARTU_ISSUER)"
    )
    context.require(
        holds=abs(claims["iat"] - context.now.timestamp()) <= MAX_SKEW, rule=f"iat is within {MAX_SKEW} seconds of now"
    )
    told = claims.get("voided_at", claims["taken_at"])
    context.require(
        holds=claims["taken_at"] <= told <= claims["iat"] <= told + MAX_AGE.total_seconds(),
        rule=f"what it tells of lies at most {MAX_AGE.days} days before iat, and nothing ahead of it",
    )
