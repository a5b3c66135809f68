# SPDX-License-Identifier: Apache-2.0
"""RESET RETRY COUNTER (SP 800-73 part 2, 3.2.3): the PUK opens a blocked PIN."""

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.piv.pin import pin_block, puk_block


def reset_retry_counter(puk: bytes, new_pin: bytes) -> CommandApdu:
    """Set a new PIN, knowing the PUK; a wrong PUK costs one of its own tries. Raises MalformedPin."""
    return CommandApdu(0x00, 0x2C, 0x00, KeyReference.PIN, puk_block(puk) + pin_block(new_pin))
