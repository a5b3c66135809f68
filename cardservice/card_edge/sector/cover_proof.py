# SPDX-License-Identifier: Apache-2.0
"""Cover proof: written under SCP03, read by anyone."""

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import UnexpectedResponse, UnwritableContent
from cardservice.card_edge.sector.select import MAX_COVER_PROOF
from cardservice.card_edge.tlv import Tlv

COVER_PROOF = 0x53
TAG_LIST: bytes = Tlv(0x5C, bytes([COVER_PROOF]))


def put_cover_proof(proof: bytes) -> CommandApdu:
    """``00 DB 3F FF Lc 5C 01 53 53 len proof``. Raises UnwritableContent over 231 bytes, which the card would refuse."""
    if len(proof) > MAX_COVER_PROOF:
        raise UnwritableContent(step="PUT DATA", rule=f"a cover proof of at most {MAX_COVER_PROOF} bytes")
    return CommandApdu(0x00, 0xDB, 0x3F, 0xFF, TAG_LIST + Tlv(COVER_PROOF, proof))


def get_cover_proof() -> CommandApdu:
    """``00 CB 3F FF 03 5C 01 53 00``."""
    return CommandApdu(0x00, 0xCB, 0x3F, 0xFF, TAG_LIST, SHORT_LE_MAX)


def parse_cover_proof(data: bytes) -> bytes:
    """The proof in ``53 len proof``. Raises MalformedTlv, UnexpectedResponse."""
    element = Tlv.parse(data)
    if element.tag != COVER_PROOF:
        raise UnexpectedResponse(step="GET DATA", rule="a cover proof in 53")
    return element.value
