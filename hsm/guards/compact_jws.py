# SPDX-License-Identifier: Apache-2.0
"""Reading a JWS signing input (RFC 7515, 5.1) that a key of ours is to sign: what every such document is, whatever its claims say."""

from functools import lru_cache
from typing import Any

from hsm.guards.signing_context import SigningContext
from hsm.guards.strict_json import NotStrictJson, decode_base64url, decode_object

MAX_TEXT = 512


def is_text(value: Any) -> bool:
    """A claim of printable text."""
    return type(value) is str and 0 < len(value) <= MAX_TEXT and value.isprintable()


def claims_of(document: bytes, context: SigningContext, typ: str, max_length: int) -> dict[str, Any]:
    """The claims of a signing input by ES256, of this type and for the key that signs now. Raises DocumentRefused."""
    if len(document) > max_length:
        raise context.refusal(f"at most {max_length} bytes")
    header, _, payload = document.partition(b".")
    broken = _broken_header_rule(header, typ, context.key.kid)
    if broken:
        raise context.refusal(broken)
    try:
        return decode_object(decode_base64url(payload))
    except NotStrictJson:
        raise context.refusal("claims are base64url of a strict JSON object") from None


@lru_cache(maxsize=64)  # callers send the same header over and over
def _broken_header_rule(part: bytes, typ: str, kid: str) -> str | None:
    """The first rule that a protected header breaks: nothing critical, no key by reference, no other algorithm (RFC 8725, 3.1, 3.5)."""
    try:
        header = decode_object(decode_base64url(part))
    except NotStrictJson:
        return "header is base64url of a strict JSON object"
    if set(header) != {"alg", "typ", "kid"}:
        return "header has alg, typ and kid only"
    if header["alg"] != "ES256":
        return "header alg is ES256"
    if header["typ"] != typ:
        return f"header typ is {typ}"
    if header["kid"] != kid:
        return "header kid names the key that signs now"
    return None
