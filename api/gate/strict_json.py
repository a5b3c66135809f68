# SPDX-License-Identifier: Apache-2.0
"""One JSON object (RFC 8259), read strictly: UTF-8, no member twice, whole numbers only, not deeper than anybody needs."""

import json
import re
from typing import Any

from api.errors import RequestMalformed

MAX_DEPTH = 20
MAX_DIGITS = 20  # of a number; more is a way to make us count

_BRACKET = re.compile(rb"[\[\]{}]")
# Possessive, so that a text without an end is read once and not again from each of its bytes.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def decode_object(body: bytes) -> dict[str, Any]:
    """The object. Raises RequestMalformed, and nothing else."""
    if _too_deep(body):
        raise _malformed("depth")
    try:
        value = json.loads(
            body.decode("utf-8", "strict"),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except (ValueError, RecursionError):
        raise _malformed("JSON") from None
    if type(value) is not dict:
        raise _malformed("object")
    return value


def _too_deep(body: bytes) -> bool:
    """Whether brackets nest too deep anywhere, strings left out; counted before anything is parsed."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False  # every documented body
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _malformed("each member once")
    return members


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _malformed("whole numbers of at most 20 digits")
    return int(digits)


def _refuse_number(_: str) -> Any:
    raise _malformed("whole numbers only")


def _malformed(rule: str) -> RequestMalformed:
    return RequestMalformed(rule=rule, limit=MAX_DEPTH)
