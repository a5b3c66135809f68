# SPDX-License-Identifier: Apache-2.0
"""VERIFY (SP 800-73 part 2, 3.2.1): present the PIN, ask for its state, take it back."""

from dataclasses import dataclass

from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.card_edge.errors import UnexpectedStatusWord
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.piv.pin import pin_block
from cardservice.card_edge.status_word import StatusWord, meaning, tries_left

PRESENT = 0x00  # P1
LOG_OUT = 0xFF
ANSWERS = frozenset({StatusWord.SUCCESS, StatusWord.AUTHENTICATION_METHOD_BLOCKED, *range(0x63C0, 0x63D0)})


@dataclass(frozen=True, slots=True)
class PinState:
    """Whether the PIN was presented; ``attempts_remaining`` is told only while it was not."""

    verified: bool
    attempts_remaining: int | None


def verify(pin: bytes) -> CommandApdu:
    """Present a PIN of 6 to 8 digits; ``pin.check_pin_accepted`` reads the answer. Raises MalformedPin."""
    return CommandApdu(0x00, 0x20, PRESENT, KeyReference.PIN, pin_block(pin))


def pin_state() -> CommandApdu:
    """Ask whether the PIN is verified and how many tries are left; costs no try."""
    return CommandApdu(0x00, 0x20, PRESENT, KeyReference.PIN)


def parse_pin_state(response: ResponseApdu) -> PinState:
    """Read 9000, 63Cx or 6983. Raises UnexpectedStatusWord."""
    if response.sw == StatusWord.SUCCESS:
        return PinState(verified=True, attempts_remaining=None)
    left = tries_left(response.sw)
    if left is None:
        raise UnexpectedStatusWord(step="VERIFY", sw=f"{response.sw:04X}", meaning=meaning(response.sw))
    return PinState(verified=False, attempts_remaining=left)


def log_out() -> CommandApdu:
    """Set the PIN's state back to not verified (SP 800-73-4, 3.2.1: P1 FF)."""
    return CommandApdu(0x00, 0x20, LOG_OUT, KeyReference.PIN)
