# SPDX-License-Identifier: Apache-2.0
"""The guard of the cover proof: the Sig_structure (RFC 9052, 4.4) of a CWT with exactly the claims of docs/card-edge.md.

| key | claim | | key | claim |
|---|---|---|---|---|
| 1 | iss, ``kjs`` | | 8 | cnf: ``{1: {1: 2, -1: 1, -2: x(32), -3: y is odd}}`` |
| 2 | sub, the sector pseudonym, 16 bytes | | -65537 | status: ``[list number, index]`` |
| 4 | exp, seconds | | -65538 | cover: ``{1 JKK, 2 JKM, 3 JHT: YYYYMM paid through}`` |
| 6 | iat, seconds | | -65539, -65540 | rule-pack number, assurance |
"""

from typing import Any

import cbor2

from hsm.guards.p256_point import uncompressed_point
from hsm.guards.signing_context import SigningContext
from hsm.keys.key_identifier import cose_kid
from hsm.strict_cbor import NotStrictCbor, decode_strict

MAX_PROOF_LENGTH = 231  # it must fit one short SELECT response
MAX_LIFE = 35 * 86_400  # seconds
MAX_SKEW = 60  # seconds
# A card's cover is told from iat on: a proof of yesterday would tell of a day on which the money had not come yet. A visit takes seconds.
MAX_AGE = 600  # seconds between iat and our clock
ISSUER = "kjs"  # the scheme's name in proofs, and no other's; not KARTU_ISSUER, which has no room there (decision 0043)

ISS, SUB, EXP, IAT, CNF = 1, 2, 4, 6, 8
STATUS, COVER, RULE_PACK, ASSURANCE = -65537, -65538, -65539, -65540
CLAIMS = {ISS, SUB, EXP, IAT, CNF, STATUS, COVER, RULE_PACK, ASSURANCE}
PROGRAMMES = {1, 2, 3}  # JKK, JKM, JHT

_MAX_UINT = 0xFFFF_FFFF


def guard_cover_proof(document: bytes, context: SigningContext) -> None:
    """Raise DocumentRefused unless the document is a cover proof for this key and this moment."""
    context.require(holds=len(document) <= 2 * MAX_PROOF_LENGTH, rule="a Sig_structure of a short proof")
    match _read(document, context):
        case ["Signature1", bytes(protected), b"", bytes(payload)]:
            expected = cbor2.dumps({1: -7, 4: cose_kid(context.key.kid)})
            context.require(
                holds=protected == expected, rule="protected header is {1: -7, 4: kid of the key that signs now}"
            )
            # 84, protected, A0 (no unprotected header), payload, 58 40 and the signature
            length = 1 + len(cbor2.dumps(protected)) + 1 + len(cbor2.dumps(payload)) + 2 + 64
            context.require(holds=length <= MAX_PROOF_LENGTH, rule=f"the proof is at most {MAX_PROOF_LENGTH} bytes")
            _guard_claims(_read(payload, context), context)
        case _:
            raise context.refusal("a Sig_structure without external data")


def _read(encoded: bytes, context: SigningContext) -> Any:
    try:
        return decode_strict(encoded)
    except NotStrictCbor as error:
        raise context.refusal(error.rule) from None


def _guard_claims(claims: Any, context: SigningContext) -> None:
    context.require(
        holds=type(claims) is dict and set(claims) == CLAIMS and all(type(key) is int for key in claims),
        rule="exactly the claims of a cover proof",
    )
    issuer, subject = claims[ISS], claims[SUB]
    context.require(holds=issuer == ISSUER, rule=f"iss is the scheme's own name in proofs, {ISSUER}")
    context.require(holds=type(subject) is bytes and len(subject) == 16, rule="sub is 16 bytes")
    for key in (EXP, IAT, RULE_PACK, ASSURANCE):
        context.require(holds=_is_uint(claims[key]), rule=f"claim {key} is an unsigned integer")
    now = context.now.timestamp()
    context.require(holds=0 < claims[EXP] - claims[IAT] <= MAX_LIFE, rule="exp is at most 35 days after iat")
    context.require(holds=claims[IAT] <= now + MAX_SKEW, rule="iat is not in the future")
    context.require(holds=claims[IAT] >= now - MAX_AGE, rule=f"iat is at most {MAX_AGE} seconds ago")
    context.require(holds=claims[EXP] > now, rule="exp is in the future")
    status = claims[STATUS]
    context.require(
        holds=type(status) is list and len(status) == 2 and all(map(_is_uint, status)),
        rule="status is [list number, index]",
    )
    context.require(holds=_is_cover(claims[COVER]), rule="cover maps programme numbers to YYYYMM")
    _guard_confirmation(claims[CNF], context)


def _guard_confirmation(confirmation: Any, context: SigningContext) -> None:
    rule = "cnf is a compressed COSE_Key of P-256"
    context.require(holds=_is_map_of(confirmation, {1: dict}), rule=rule)
    key = confirmation[1]
    context.require(holds=_is_map_of(key, {1: int, -1: int, -2: bytes, -3: bool}), rule=rule)
    context.require(holds=key[1] == 2 and key[-1] == 1 and len(key[-2]) == 32, rule=rule)
    point = uncompressed_point(key[-2], y_is_odd=key[-3])
    context.require(holds=point is not None, rule="cnf is a point of P-256")
    context.require(holds=point not in context.own_points, rule="cnf is not one of the scheme's own keys")


def _is_map_of(value: Any, types: dict[int, type]) -> bool:
    """Exactly these keys and types; True is not 1 here."""
    return (
        type(value) is dict
        and set(value) == set(types)
        and all(type(key) is int and type(item) is types[key] for key, item in value.items())
    )


def _is_cover(cover: Any) -> bool:
    return type(cover) is dict and all(
        type(programme) is int
        and programme in PROGRAMMES
        and type(month) is int
        and 1970 <= month // 100 <= 9999
        and 1 <= month % 100 <= 12
        for programme, month in cover.items()
    )


def _is_uint(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MAX_UINT
