# SPDX-License-Identifier: Apache-2.0
"""The gate for card public keys (SP 800-56A, 5.6.2.3.3): what a card says is its new key, before anything vouches for it.

Whether a key was seen before is a question for the records (uniqueness of its hash); everything that the key alone shows is here.
"""

from collections.abc import Collection

from cardservice.credentials import p256, thumbprint
from cardservice.credentials.errors import CardKeyBlocked, KeyMalformed, KeyWeak

# Points that every implementer knows by heart: the generator (private key 1) and its negative (n - 1).
_GENERATOR_X = bytes.fromhex("6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296")


def require_good_card_key(point: bytes, *, blocked: Collection[str] = ()) -> str:
    """Check the uncompressed point (65 bytes) that a card gave, and return its RFC 7638 thumbprint.

    ``blocked`` are thumbprints: keys known to be compromised, and the scheme's own. P-256 has cofactor 1, so a point on the curve that isn't
    infinity has full order. Raises KeyMalformed (form, curve, infinity), KeyWeak (a key anyone knows) or CardKeyBlocked.
    """
    if point in {b"\x00", b""}:
        raise KeyMalformed(rule="not the point at infinity")
    p256.public_key(point)
    if point[1:33] == _GENERATOR_X:
        raise KeyWeak(rule="not a key whose private half everyone knows")
    name = thumbprint.thumbprint(point)
    if name in blocked:
        raise CardKeyBlocked(thumbprint=name)
    return name
