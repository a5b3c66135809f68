# SPDX-License-Identifier: Apache-2.0
"""A signed rule pack: ES256 over the very bytes of the document, in a signature of its own beside it (64 bytes r|s)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from cardservice.coverage.errors import RulePackUnsigned
from cardservice.coverage.rule_pack import RulePack, read_rule_pack

SIGNATURE_LENGTH = 64
# What is signed begins with this, so that a signature over a rule pack is one over nothing else.
CONTEXT = b"kartu rule pack\x00"


def open_pack(document: bytes, signature: bytes, key: ec.EllipticCurvePublicKey) -> RulePack:
    """The pack, if ``key`` (P-256, the scheme's for rules) signed just these bytes. The signature is checked before anything is parsed.

    Raises RulePackUnsigned, RulePackMalformed.
    """
    if not isinstance(key.curve, ec.SECP256R1):
        raise RulePackUnsigned(rule="a key on P-256")
    if len(signature) != SIGNATURE_LENGTH:
        raise RulePackUnsigned(rule=f"a signature of {SIGNATURE_LENGTH} bytes")
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    try:
        key.verify(encode_dss_signature(r, s), CONTEXT + document, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise RulePackUnsigned(rule="a signature by this key over this document") from None
    return read_rule_pack(document)
