# SPDX-License-Identifier: Apache-2.0
"""The guard of the eligibility token: a JWS signing input (RFC 7515, 5.1) whose claims are those we issue, and short-lived."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from hsm.guards.compact_jws import claims_of, is_text
from hsm.guards.signing_context import SigningContext

MAX_LENGTH = 8 * 1024
MAX_LIFE = 300  # seconds
MAX_SKEW = 60  # seconds between our clock and the one that wrote iat
TYPE = "kartu-eligibility+jwt"

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


def _is_code(value: Any) -> bool:
    return type(value) is str and _CODE.fullmatch(value) is not None


def _is_date(value: Any) -> bool:
    return type(value) is str and _names_a_day(value)


@lru_cache(maxsize=64)  # most tokens of a day name that day
def _names_a_day(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_seconds(value: Any) -> bool:
    return type(value) is int and 0 < value < 1 << 40


def _is_level(value: Any) -> bool:
    return (type(value) is int and 0 <= value <= 255) or _is_code(value)


def _is_confirmation(value: Any) -> bool:
    if type(value) is not dict or value.keys() != {"jkt"}:
        return False
    return type(value["jkt"]) is str and _THUMBPRINT.fullmatch(value["jkt"]) is not None


REQUIRED: dict[str, Callable[[Any], bool]] = {
    "iss": is_text,
    "aud": is_text,  # one partner, never a list
    "sub": is_text,
    "iat": _is_seconds,
    "exp": _is_seconds,
    "jti": is_text,
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
    "facility": is_text,
    "rule_pack": lambda value: type(value) is int and 0 < value <= 0xFFFF,
}


KNOWN = REQUIRED | OPTIONAL


def guard_eligibility_token(document: bytes, context: SigningContext) -> None:
    """Raise DocumentRefused unless the document is an eligibility token for this key and this moment."""
    _guard_claims(claims_of(document, context, TYPE, MAX_LENGTH), context)


def _guard_claims(claims: dict[str, Any], context: SigningContext) -> None:
    for name, value in claims.items():
        is_right = KNOWN.get(name)
        if is_right is None:
            raise context.refusal("no other claim is there")
        if not is_right(value):
            raise context.refusal(f"claim {name} is well formed")
    if not claims.keys() >= REQUIRED.keys():
        raise context.refusal("every required claim is there")
    if context.issuer and claims["iss"] != context.issuer:
        raise context.refusal("iss is this scheme's own (KARTU_ISSUER)")
    if not 0 < claims["exp"] - claims["iat"] <= MAX_LIFE:
        raise context.refusal(f"exp is at most {MAX_LIFE} seconds after iat")
    if abs(claims["iat"] - context.now.timestamp()) > MAX_SKEW:
        raise context.refusal(f"iat is within {MAX_SKEW} seconds of now")
