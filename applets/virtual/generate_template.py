# SPDX-License-Identifier: Apache-2.0
"""The command and answer templates of GENERATE ASYMMETRIC KEY PAIR (SP 800-73-5 part 2, 3.3.2), for PIV and sectors alike."""

from applets.virtual.errors import Refused
from applets.virtual.p256 import public_point
from applets.virtual.runtime import Runtime
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv, parse_dict

CONTROL_REFERENCE = 0xAC
MECHANISM = 0x80
KEY_REFERENCE = 0x83  # ISO/IEC 7816-4, table 55: reference of a key
P256 = b"\x11"


def demand_p256(data: bytes) -> None:
    """``AC 03 80 01 11``. Raises Refused(6A80) for another template or mechanism."""
    try:
        template = parse_dict(data)
        fields = parse_dict(template.get(CONTROL_REFERENCE, b""))
    except MalformedTlv:
        raise Refused(StatusWord.WRONG_DATA) from None
    if template.keys() != {CONTROL_REFERENCE} or fields.get(MECHANISM) != P256 or fields.keys() - {MECHANISM}:
        raise Refused(StatusWord.WRONG_DATA)


def demand_named_p256(element: bytes) -> int:
    """The key reference of ``AC 06 80 01 11 83 01 key``. Raises Refused(6A80) for another template or mechanism."""
    try:
        fields = parse_dict(parse_dict(element).get(CONTROL_REFERENCE, b""))
    except MalformedTlv:
        raise Refused(StatusWord.WRONG_DATA) from None
    key = fields.get(KEY_REFERENCE, b"")
    if fields.get(MECHANISM) != P256 or len(key) != 1 or fields.keys() - {MECHANISM, KEY_REFERENCE}:
        raise Refused(StatusWord.WRONG_DATA)
    return key[0]


def public_key_template(runtime: Runtime, scalar: bytes) -> bytes:
    """``7F49 { 86 41 point }``."""
    return bytes(Tlv(0x7F49, Tlv(0x86, public_point(runtime.private_key(scalar)))))
