# SPDX-License-Identifier: Apache-2.0
"""JSON in one form only, so that it can be hashed and signed: sorted names, no white space, ASCII (in the spirit of RFC 8785)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime


def canonical(document: Mapping[str, object]) -> bytes:
    """The one encoding of a document of texts, whole numbers, booleans, lists and maps; times are UTC, bytes hexadecimal."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), default=_plain, allow_nan=False).encode("ascii")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
