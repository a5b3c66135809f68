# SPDX-License-Identifier: Apache-2.0
"""The two forms of an ES256 signature: raw r|s, 64 bytes (RFC 7518, 3.4), and DER (RFC 3279, 2.2.3) as certificates have it."""

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

COORDINATE_LENGTH = 32


def der_signature(raw: bytes) -> bytes:
    """DER of a raw signature."""
    return encode_dss_signature(int.from_bytes(raw[:COORDINATE_LENGTH]), int.from_bytes(raw[COORDINATE_LENGTH:]))


def raw_signature(der: bytes) -> bytes:
    """The raw form of a DER signature."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(COORDINATE_LENGTH) + s.to_bytes(COORDINATE_LENGTH)
