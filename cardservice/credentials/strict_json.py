# SPDX-License-Identifier: Apache-2.0
"""JSON objects (RFC 8259) as signed documents may carry them: UTF-8, no member twice, no number but integers."""

import json
from typing import Any


class NotStrictJson(Exception):
    """Bytes that are no strict JSON object; ``rule`` says which rule they break."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def decode_object(encoded: bytes) -> dict[str, Any]:
    """One JSON object with unique member names. Raises NotStrictJson."""
    try:
        value = json.loads(
            encoded.decode("utf-8", "strict"),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except NotStrictJson:
        raise
    except (ValueError, RecursionError):
        raise NotStrictJson(rule="one JSON object in UTF-8") from None
    if type(value) is not dict:
        raise NotStrictJson(rule="one JSON object in UTF-8")
    return value


def encode_object(members: dict[str, Any]) -> bytes:
    """The shortest JSON of an object, members in alphabetical order."""
    return json.dumps(members, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True).encode(
        "utf-8"
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJson(rule="each member once")
    return members


def _no_float(_: str) -> Any:
    raise NotStrictJson(rule="integers only")
