# SPDX-License-Identifier: Apache-2.0
"""The body of a partner's request: one JSON object (RFC 8259) in UTF-8 without BOM, no member twice, no NaN, not too deep."""

import json
import re
from typing import Any

from cardservice.collection.errors import BodyMalformed

MAX_BODY = 64 * 1024  # octets; the longest that the standard's fields allow is under 20 kB
MAX_DEPTH = 10
MAX_DIGITS = 20  # of a number; no field of ours is one, and additionalInfo is not read

_BRACKET = re.compile(rb"[\[\]{}]")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def read_body(body: bytes) -> dict[str, Any]:
    """The object. Raises BodyMalformed, and nothing else."""
    if len(body) > MAX_BODY or _depth(body) > MAX_DEPTH:
        raise BodyMalformed
    try:
        value = json.loads(
            body.decode("utf-8", "strict"),
            object_pairs_hook=_unique,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_refused,
        )
    except (ValueError, RecursionError):
        raise BodyMalformed from None
    if type(value) is not dict:
        raise BodyMalformed
    return value


def _depth(body: bytes) -> int:
    deepest = depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refused("")
    return members


def _number(digits: str) -> int | float:
    if len(digits) > MAX_DIGITS:
        _refused("")
    return int(digits) if digits.lstrip("-").isdigit() else float(digits)


def _refused(_: str) -> Any:
    raise BodyMalformed
