# SPDX-License-Identifier: Apache-2.0
"""PIN and PUK as cards take them: 8 bytes, a PIN padded with FF (SP 800-73 part 2, 2.4.3)."""

from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.errors import MalformedPin, PinRefused, UnexpectedStatusWord
from cardservice.card_edge.status_word import StatusWord, meaning, tries_left

BLOCK_LENGTH = 8
PIN_LENGTHS = range(6, 9)
PADDING = b"\xff"


def pin_block(pin: bytes) -> bytes:
    """A PIN of 6 to 8 digits, padded. Raises MalformedPin: better here than at the cost of a try."""
    if len(pin) not in PIN_LENGTHS or not pin.isdigit():
        raise MalformedPin(rule="a PIN has 6 to 8 digits")
    return pin.ljust(BLOCK_LENGTH, PADDING)


def puk_block(puk: bytes) -> bytes:
    """A PUK of 8 bytes. Raises MalformedPin."""
    if len(puk) != BLOCK_LENGTH:
        raise MalformedPin(rule="a PUK has 8 bytes")
    return puk


def check_pin_accepted(response: ResponseApdu, step: str = "VERIFY") -> None:
    """Raises PinRefused with the tries that are left (0 = blocked), UnexpectedStatusWord for anything but that and success."""
    if response.sw == StatusWord.SUCCESS:
        return
    left = tries_left(response.sw)
    if left is not None:
        raise PinRefused(attempts_remaining=left)
    raise UnexpectedStatusWord(step=step, sw=f"{response.sw:04X}", meaning=meaning(response.sw))
