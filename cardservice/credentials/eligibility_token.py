# SPDX-License-Identifier: Apache-2.0
"""The eligibility token: one answer to one verifier, as a JWT of at most five minutes (issue 2; RFC 7519, RFC 7800).

It says whether the holder of a card that was just proven present is covered on a day. The ``hsm`` guard reads the same claims.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cardservice.credentials.errors import TokenClaimsRefused
from cardservice.credentials.jose import sign_token_awaiting, verify_token
from cardservice.keys import AwaitedSigner, VerifyingKey

TYPE = "kartu-eligibility+jwt"
MAX_LIFE = timedelta(minutes=5)

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_MAX_TEXT = 512
_REQUIRED = frozenset({"iss", "aud", "sub", "iat", "exp", "jti", "as_of", "programme", "assurance", "cnf", "covered"})
_OPTIONAL = frozenset({"until", "reason", "sector", "facility", "rule_pack"})


@dataclass(frozen=True, slots=True)
class EligibilityToken:
    """The claims of an eligibility token.

    ``subject`` is the holder's pseudonym for this sector, ``card_key_thumbprint`` the RFC 7638 thumbprint of the card key that answered the
    challenge (``cnf.jkt``). ``until`` goes with covered, ``reason`` (a code) with not covered. ``assurance`` is a level 0-255 or a code;
    ``rule_pack`` the number of the rules that decided.
    Times are whole seconds, aware.
    """

    issuer: str
    audience: str
    subject: str
    token_id: str
    issued_at: datetime
    expires_at: datetime
    as_of: date
    programme: str
    assurance: int | str
    card_key_thumbprint: str
    covered: bool
    until: date | None = None
    reason: str | None = None
    sector: int | None = None
    facility: str | None = None
    rule_pack: int | None = None

    def claims(self) -> dict[str, Any]:
        """The JWT claims. Raises TokenClaimsRefused where a value has no place in a token."""
        members: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": self.subject,
            "jti": self.token_id,
            "iat": int(self.issued_at.timestamp()),
            "exp": int(self.expires_at.timestamp()),
            "as_of": self.as_of.isoformat(),
            "programme": self.programme,
            "assurance": self.assurance,
            "cnf": {"jkt": self.card_key_thumbprint},
            "covered": self.covered,
            "until": None if self.until is None else self.until.isoformat(),
            "reason": self.reason,
            "sector": self.sector,
            "facility": self.facility,
            "rule_pack": self.rule_pack,
        }
        present = {name: value for name, value in members.items() if value is not None}
        _require_shape(present)
        return present


async def issue(signer: AwaitedSigner, token: EligibilityToken) -> str:
    """Sign the token, ES256. Raises TokenClaimsRefused, and whatever the signer raises."""
    claims = token.claims()
    if not 0 < claims["exp"] - claims["iat"] <= MAX_LIFE.total_seconds():
        raise TokenClaimsRefused(rule="exp is at most 300 seconds after iat")
    return await sign_token_awaiting(signer, typ=TYPE, claims=claims)


def verify(token: str, *, keys: Iterable[VerifyingKey], issuer: str, audience: str, now: datetime) -> EligibilityToken:
    """Verify an eligibility token meant for ``audience``. Raises TokenRefused or KeyRefused, and nothing else."""
    claims = verify_token(token, typ=TYPE, keys=keys, issuer=issuer, audience=audience, now=now, max_life=MAX_LIFE)
    _require_shape(claims)
    until = claims.get("until")
    return EligibilityToken(
        issuer=claims["iss"],
        audience=claims["aud"],
        subject=claims["sub"],
        token_id=claims["jti"],
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        as_of=date.fromisoformat(claims["as_of"]),
        programme=claims["programme"],
        assurance=claims["assurance"],
        card_key_thumbprint=claims["cnf"]["jkt"],
        covered=claims["covered"],
        until=None if until is None else date.fromisoformat(until),
        reason=claims.get("reason"),
        sector=claims.get("sector"),
        facility=claims.get("facility"),
        rule_pack=claims.get("rule_pack"),
    )


def _require_shape(claims: Mapping[str, Any]) -> None:
    """Exactly our claims, each well formed; ``until`` only when covered, ``reason`` always and only when not."""
    if not _REQUIRED <= claims.keys() <= _REQUIRED | _OPTIONAL:
        raise TokenClaimsRefused(rule="the claims of an eligibility token and no other")
    shapes = {
        "iss": _is_text,
        "aud": _is_text,
        "sub": _is_text,
        "jti": _is_text,
        "iat": _is_seconds,
        "exp": _is_seconds,
        "as_of": _is_date,
        "programme": _is_code,
        "assurance": _is_level,
        "cnf": _is_confirmation,
        "covered": _is_flag,
        "until": _is_date,
        "reason": _is_code,
        "sector": _is_byte,
        "facility": _is_text,
        "rule_pack": _is_number,
    }
    for name, value in claims.items():
        if not shapes[name](value):
            raise TokenClaimsRefused(rule=f"{name} is well formed")
    if claims["covered"] is ("reason" in claims) or (not claims["covered"] and "until" in claims):
        raise TokenClaimsRefused(rule="until goes with covered, reason with not covered")


def _is_text(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= _MAX_TEXT and value.isprintable()


def _is_code(value: Any) -> bool:
    return type(value) is str and _CODE.fullmatch(value) is not None


def _is_seconds(value: Any) -> bool:
    return type(value) is int and 0 < value < 1 << 37  # year 6325: still a datetime


def _is_date(value: Any) -> bool:
    if type(value) is not str or _DATE.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_byte(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 0xFF


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 < value <= 0xFFFF


def _is_level(value: Any) -> bool:
    return _is_byte(value) or _is_code(value)


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_confirmation(value: Any) -> bool:
    return (
        type(value) is dict
        and set(value) == {"jkt"}
        and type(value["jkt"]) is str
        and _THUMBPRINT.fullmatch(value["jkt"]) is not None
    )
