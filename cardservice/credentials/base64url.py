# SPDX-License-Identifier: Apache-2.0
"""Base64url as RFC 7515, 2 has it: without padding, and the one spelling of its bytes."""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def encode(value: bytes) -> str:
    """Bytes to base64url without padding."""
    return urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes | None:
    """Base64url to bytes; None for padding, any other character, or unused bits that are set (RFC 4648, 3.5)."""
    if len(text) % 4 == 1 or _ALPHABET.fullmatch(text) is None:
        return None
    try:
        value = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return value if encode(value) == text else None
