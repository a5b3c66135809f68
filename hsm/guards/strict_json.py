# SPDX-License-Identifier: Apache-2.0
"""JSON and base64url as a JWS may carry them, read strictly: no member twice, no float, no padding, no second spelling."""

import json
import string
from binascii import a2b_base64
from typing import Any

# No padding, no foreign character, and no bits set behind the last byte: one spelling for each value.
_ALPHABET = (string.ascii_letters + string.digits + "-_").encode("ascii")
_STANDARD = bytes.maketrans(b"-_+/", b"+/!!")
_PADDING = b"", b"", b"==", b"="  # by how many characters stand in the last group
_LAST = {0: _ALPHABET, 1: b"", 2: b"AQgw", 3: b"AEIMQUYcgkosw048"}  # by how many characters stand in the last group


class NotStrictJson(Exception):
    """Bytes that are no strict JSON object; never leaves the guard that reads them."""


def decode_base64url(part: bytes) -> bytes:
    """RFC 7515, 2: unpadded, and the only spelling of its bytes. Raises NotStrictJson."""
    over = len(part) % 4
    if part and part[-1] not in _LAST[over]:
        raise NotStrictJson
    try:
        return a2b_base64(part.translate(_STANDARD) + _PADDING[over], strict_mode=True)
    except ValueError:
        raise NotStrictJson from None


def decode_object(encoded: bytes) -> dict[str, Any]:
    """One JSON object (RFC 8259) with unique names, integers only, and nothing around it. Raises NotStrictJson."""
    try:
        text = encoded.decode("utf-8")
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        raise NotStrictJson from None
    if type(value) is not dict or end != len(text):
        raise NotStrictJson
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJson
    return members


def _refuse(_: str) -> Any:
    raise NotStrictJson


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse)
