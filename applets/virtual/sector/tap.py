# SPDX-License-Identifier: Apache-2.0
"""INTERNAL AUTHENTICATE: the tap (docs/card-edge.md, "Tap, offline: two APDUs")."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.p256 import sign_hash
from applets.virtual.runtime import Runtime
from applets.virtual.sector.memory import memory_of
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

CONTEXT = b"KJS-TAP-1"
CHALLENGE_LENGTH = 36  # challenge-id(4) | H(32)


def internal_authenticate(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 88 00 00 24 id H 00`` -> r|s, 64 bytes, over SHA-256("KJS-TAP-1" | AID | id | H): never over a bare hash."""
    if command.p1 or command.p2:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if len(command.data) != CHALLENGE_LENGTH:
        raise Refused(StatusWord.WRONG_LENGTH)
    scalar = memory_of(runtime).key
    if scalar is None:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    digest = hashlib.sha256(CONTEXT + runtime.transient.selected + command.data).digest()
    r, s = decode_dss_signature(sign_hash(runtime.private_key(scalar), digest))
    return ResponseApdu(r.to_bytes(32, "big") + s.to_bytes(32, "big"), StatusWord.SUCCESS)
