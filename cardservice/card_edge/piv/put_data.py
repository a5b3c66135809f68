# SPDX-License-Identifier: Apache-2.0
"""PUT DATA of a PIV object (SP 800-73 part 2, 3.3.2)."""

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.piv.get_data import CONTENT
from cardservice.card_edge.piv.object import SELF_TAGGED
from cardservice.card_edge.tlv import Tlv, encode_tag


def put_data(tag: int, content: bytes) -> CommandApdu:
    """Write an object's content; empty content deletes it. 7E and 7F61 are sent under their own tag.

    The command may be longer than one APDU holds: cut it with ``chained``, each frame protected by itself.
    """
    if tag in SELF_TAGGED:
        return CommandApdu(0x00, 0xDB, 0x3F, 0xFF, Tlv(tag, content))
    return CommandApdu(0x00, 0xDB, 0x3F, 0xFF, Tlv(0x5C, encode_tag(tag)) + Tlv(CONTENT, content))
