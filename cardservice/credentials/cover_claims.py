# SPDX-License-Identifier: Apache-2.0
"""The claims of a cover proof, to and from their integer keys (docs/card-edge.md; RFC 8392, 3; RFC 8747, 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cardservice.credentials import p256
from cardservice.credentials.errors import ProofMalformed

ISS, SUB, EXP, IAT, CNF = 1, 2, 4, 6, 8
# Private use (RFC 8392, 9.1.1: integers below -65536).
STATUS, COVER, RULE_PACK, ASSURANCE = -65537, -65538, -65539, -65540
CLAIMS = frozenset({ISS, SUB, EXP, IAT, CNF, STATUS, COVER, RULE_PACK, ASSURANCE})

COSE_KEY = 1  # in cnf (RFC 8747, 3.1)
KTY, CRV, X, Y = 1, -1, -2, -3  # COSE_Key (RFC 9052, 7; RFC 9053, 7.1.1)
EC2, P_256 = 2, 1

PSEUDONYM_LENGTH = 16
PROGRAMME_NUMBERS = frozenset({1, 2, 3})  # JKK, JKM, JHT
_MAX_UINT = 0xFFFF_FFFF
_MAX_ISSUER = 64


@dataclass(frozen=True, slots=True)
class CoverClaims:
    """What a cover proof says. Times are whole seconds, aware.

    ``card_key`` is the sector key as an uncompressed point (65 bytes). ``paid_through`` maps a programme number (1 JKK, 2 JKM, 3 JHT) to
    YYYYMM, and has only what this sector may learn; joined programmes that were never paid are not in it.
    """

    issuer: str
    subject: bytes
    issued_at: datetime
    expires_at: datetime
    card_key: bytes
    status_list: int
    status_index: int
    paid_through: Mapping[int, int]
    rule_pack: int
    assurance: int

    def to_map(self) -> dict[int, Any]:
        """The claims set. Raises ProofMalformed or KeyMalformed where a value has no place in it."""
        p256.public_key(self.card_key)
        claims = {
            ISS: self.issuer,
            SUB: self.subject,
            EXP: int(self.expires_at.timestamp()),
            IAT: int(self.issued_at.timestamp()),
            CNF: {COSE_KEY: {KTY: EC2, CRV: P_256, X: self.card_key[1:33], Y: bool(self.card_key[64] & 1)}},
            STATUS: [self.status_list, self.status_index],
            COVER: dict(self.paid_through),
            RULE_PACK: self.rule_pack,
            ASSURANCE: self.assurance,
        }
        _require_shape(claims)
        return claims

    @classmethod
    def of_map(cls, claims: Any) -> "CoverClaims":
        """Read a claims set. Raises ProofMalformed, or KeyMalformed for a card key that is not on the curve."""
        _require_shape(claims)
        key = claims[CNF][COSE_KEY]
        return cls(
            issuer=claims[ISS],
            subject=claims[SUB],
            issued_at=datetime.fromtimestamp(claims[IAT], UTC),
            expires_at=datetime.fromtimestamp(claims[EXP], UTC),
            card_key=p256.decompress(key[X], y_is_odd=key[Y]),
            status_list=claims[STATUS][0],
            status_index=claims[STATUS][1],
            paid_through=claims[COVER],
            rule_pack=claims[RULE_PACK],
            assurance=claims[ASSURANCE],
        )


def _require_shape(claims: Any) -> None:
    _require(holds=type(claims) is dict and set(claims) == CLAIMS, rule="exactly the claims of a cover proof")
    issuer, subject, status = claims[ISS], claims[SUB], claims[STATUS]
    _require(holds=type(issuer) is str and 0 < len(issuer) <= _MAX_ISSUER, rule="iss is a short text")
    _require(holds=type(subject) is bytes and len(subject) == PSEUDONYM_LENGTH, rule="sub is 16 bytes")
    for key in (EXP, IAT, RULE_PACK, ASSURANCE):
        _require(holds=_is_uint(claims[key]), rule=f"claim {key} is an unsigned integer of 32 bits")
    _require(
        holds=type(status) is list and len(status) == 2 and all(map(_is_uint, status)),
        rule="status is [list number, index]",
    )
    _require(holds=_is_cover(claims[COVER]), rule="cover maps programme numbers to YYYYMM")
    _require(holds=_is_confirmation(claims[CNF]), rule="cnf is a compressed COSE_Key of P-256")


def _require(*, holds: bool, rule: str) -> None:
    if not holds:
        raise ProofMalformed(rule=rule)


def _is_uint(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MAX_UINT


def _is_cover(cover: Any) -> bool:
    return type(cover) is dict and all(
        type(number) is int
        and number in PROGRAMME_NUMBERS
        and type(month) is int
        and 1970 <= month // 100 <= 9999
        and 1 <= month % 100 <= 12
        for number, month in cover.items()
    )


def _is_confirmation(confirmation: Any) -> bool:
    if type(confirmation) is not dict or set(confirmation) != {COSE_KEY}:
        return False
    key = confirmation[COSE_KEY]
    return (
        type(key) is dict
        and set(key) == {KTY, CRV, X, Y}
        and (type(key[KTY]), key[KTY]) == (int, EC2)
        and (type(key[CRV]), key[CRV]) == (int, P_256)
        and type(key[X]) is bytes
        and len(key[X]) == 32
        and type(key[Y]) is bool
    )
