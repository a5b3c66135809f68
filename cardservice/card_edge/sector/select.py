# SPDX-License-Identifier: Apache-2.0
"""SELECT of a sector: its answer carries the cover proof, so that a tap takes two APDUs."""

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.tlv import find, parse_dict

MAX_COVER_PROOF = 231  # the most that fits 6F in one short response


def select_sector(aid: bytes) -> CommandApdu:
    """SELECT by name."""
    return CommandApdu(0x00, 0xA4, 0x04, 0x00, aid, SHORT_LE_MAX)


def parse_sector_select(data: bytes, aid: bytes | None = None) -> bytes:
    """The cover proof in ``6F { 84 AID, A5 { 53 proof } }``, empty before the first. Raises MalformedTlv, UnexpectedResponse.

    With ``aid`` the answer must name it.
    """
    fci = parse_dict(find(data, 0x6F))
    if aid is not None and fci.get(0x84) != aid:
        raise UnexpectedResponse(step="SELECT sector", rule="84 naming the sector that was asked for")
    proof = find(fci.get(0xA5, b""), 0x53)
    if len(proof) > MAX_COVER_PROOF:
        raise UnexpectedResponse(step="SELECT sector", rule=f"a cover proof of at most {MAX_COVER_PROOF} bytes")
    return proof
