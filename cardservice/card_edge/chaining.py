# SPDX-License-Identifier: Apache-2.0
"""Command chaining (ISO/IEC 7816-4, 5.3.3): one long command as several short ones."""

from cardservice.card_edge.apdu import SHORT_LC_MAX, CommandApdu
from cardservice.card_edge.errors import MalformedApdu

CHAINING_BIT = 0x10  # CLA: more commands of this chain follow


def chained(command: CommandApdu, limit: int = SHORT_LC_MAX) -> list[CommandApdu]:
    """The command as frames of at most ``limit`` data bytes; all but the last carry CLA bit 10 and no Le.

    Under SCP03 each frame is protected by itself, so ``limit`` is the channel's ``max_data``.
    """
    if not 1 <= limit <= SHORT_LC_MAX:
        raise MalformedApdu(rule=f"a frame of a chain has 1 to {SHORT_LC_MAX} bytes")
    data = command.data
    parts = [data[start : start + limit] for start in range(0, len(data), limit)] or [b""]
    frames = [CommandApdu(command.cla | CHAINING_BIT, command.ins, command.p1, command.p2, part) for part in parts[:-1]]
    return [*frames, CommandApdu(command.cla, command.ins, command.p1, command.p2, parts[-1], command.le)]
