# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: one text for one value, so that it can be hashed (the integer part of RFC 8785).

Sorted keys, no blanks, UTF-8. Numbers are integers within 2^53, since only these read the same everywhere; keys are ASCII, since
RFC 8785 sorts by UTF-16 units and Python by code points, and on ASCII both agree.
"""

import json
from collections.abc import Mapping

from cardservice.records.errors import NotCanonical

Json = str | int | bool | list["Json"] | dict[str, "Json"] | None

MAX_SAFE_INTEGER = 2**53 - 1  # RFC 8785, 3.2.2.3
MAX_DEPTH = 20


def canonical_json(value: Json) -> bytes:
    """The one UTF-8 text of ``value``. Raises NotCanonical for floats, large integers, odd keys, bytes and deep nesting."""
    _demand_canonical(value, MAX_DEPTH)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    try:
        return text.encode()
    except UnicodeEncodeError as lone_surrogate:
        raise NotCanonical(kind="surrogate") from lone_surrogate


def _demand_canonical(value: object, depth: int) -> None:
    if depth == 0:
        raise NotCanonical(kind="depth")
    if value is None or isinstance(value, (str, bool)):
        return
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise NotCanonical(kind="large-integer")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonical(kind="key")
            _demand_canonical(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _demand_canonical(item, depth - 1)
    else:
        raise NotCanonical(kind=type(value).__name__)
