# SPDX-License-Identifier: Apache-2.0
"""The guard of the eligibility token: a JWS signing input (RFC 7515, 5.1) whose claims are those we issue, and short-lived."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from hsm.guards.signing_context import SigningContext
from hsm.guards.strict_json import NotStrictJson, decode_base64url, decode_object

MAX_LENGTH = 8 * 1024
MAX_LIFE = 300  # seconds
MAX_SKEW = 60  # seconds between our clock and the one that wrote iat
TYPE = "kartu-eligibility+jwt"

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_TEXT = 512


def _is_text(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= _MAX_TEXT and value.isprintable()


def _is_code(value: Any) -> bool:
    return type(value) is str and _CODE.fullmatch(value) is not None


def _is_date(value: Any) -> bool:
    if type(value) is not str or not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_seconds(value: Any) -> bool:
    return type(value) is int and 0 < value < 1 << 40


def _is_level(value: Any) -> bool:
    return (type(value) is int and 0 <= value <= 255) or _is_code(value)


def _is_confirmation(value: Any) -> bool:
    if type(value) is not dict or set(value) != {"jkt"}:
        return False
    return type(value["jkt"]) is str and _THUMBPRINT.fullmatch(value["jkt"]) is not None


REQUIRED: dict[str, Callable[[Any], bool]] = {
    "iss": _is_text,
    "aud": _is_text,  # one partner, never a list
    "sub": _is_text,
    "iat": _is_seconds,
    "exp": _is_seconds,
    "jti": _is_text,
    "as_of": _is_date,
    "programme": _is_code,
    "assurance": _is_level,
    "cnf": _is_confirmation,
}
OPTIONAL: dict[str, Callable[[Any], bool]] = {
    "covered": lambda value: type(value) is bool,
    "reason": _is_code,
    "until": _is_date,
    "sector": lambda value: type(value) is int and 0 <= value <= 0xFF,
    "facility": _is_text,
}


def guard_eligibility_token(document: bytes, context: SigningContext) -> None:
    """Raise DocumentRefused unless the document is an eligibility token for this key and this moment."""
    context.require(holds=len(document) <= MAX_LENGTH, rule=f"at most {MAX_LENGTH} bytes")
    parts = document.split(b".")
    context.require(holds=len(parts) == 2, rule="two parts, header and claims")
    try:
        header, claims = (decode_object(decode_base64url(part)) for part in parts)
    except NotStrictJson:
        raise context.refusal("base64url of strict JSON objects") from None
    # The header is exactly ours: nothing critical, no key by reference, no other algorithm (RFC 8725, 3.1 and 3.5).
    context.require(holds=set(header) == {"alg", "typ", "kid"}, rule="header has alg, typ and kid only")
    context.require(holds=header["alg"] == "ES256", rule="header alg is ES256")
    context.require(holds=header["typ"] == TYPE, rule=f"header typ is {TYPE}")
    context.require(holds=header["kid"] == context.key.kid, rule="header kid names the key that signs now")
    _guard_claims(claims, context)


def _guard_claims(claims: dict[str, Any], context: SigningContext) -> None:
    context.require(holds=claims.keys() >= REQUIRED.keys(), rule="every required claim is there")
    known = REQUIRED | OPTIONAL
    context.require(holds=claims.keys() <= known.keys(), rule="no other claim is there")
    for name, is_right in known.items():
        context.require(holds=name not in claims or is_right(claims[name]), rule=f"claim {name} is well formed")
    life = claims["exp"] - claims["iat"]
    context.require(holds=0 < life <= MAX_LIFE, rule=f"exp is at most {MAX_LIFE} seconds after iat")
    skew = abs(claims["iat"] - context.now.timestamp())
    context.require(holds=skew <= MAX_SKEW, rule=f"iat is within {MAX_SKEW} seconds of now")
