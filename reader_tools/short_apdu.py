# SPDX-License-Identifier: Apache-2.0
"""Short APDUs only (ISO/IEC 7816-3, 12.1.3): what either driver lets through to a card, and back from it.

Contactless readers without extended length are common, so kartu never needs it: longer data travels by command chaining.
"""

from reader_tools.errors import CardAnswerMalformed, CommandNotShort

COMMAND_MIN = 4  # CLA INS P1 P2
COMMAND_MAX = 4 + 1 + 255 + 1
RESPONSE_MIN = 2  # SW1 SW2
RESPONSE_MAX = 256 + 2


def checked_command(command: bytes) -> bytes:
    """The command, or CommandNotShort."""
    if not COMMAND_MIN <= len(command) <= COMMAND_MAX:
        raise CommandNotShort(length=len(command))
    return command


def checked_response(response: bytes) -> bytes:
    """The response, or CardAnswerMalformed: no card of good faith sends less than a status word or more than 256 bytes before it."""
    if not RESPONSE_MIN <= len(response) <= RESPONSE_MAX:
        raise CardAnswerMalformed(length=len(response))
    return response
