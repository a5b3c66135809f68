# SPDX-License-Identifier: Apache-2.0
"""Long DELETE, INSTALL and PUT KEY commands in several APDUs: P1 bit 8 says that more follow (GlobalPlatform 11.2.2, 11.5.2, 11.8.2).

C-MAC and C-ENC cover the unsegmented command (Amendment D, 6.2), so protect first and segment what comes out.
"""

from cardservice.card_edge.apdu import SHORT_LC_MAX, CommandApdu

MORE_COMMANDS = 0x80


def segmented(command: CommandApdu, limit: int = SHORT_LC_MAX) -> list[CommandApdu]:
    """The command in segments of at most ``limit`` bytes; only the last asks for an answer."""
    data = command.data
    parts = [data[start : start + limit] for start in range(0, len(data), limit)] or [b""]
    cla, ins, p1, p2 = command.header
    segments = [CommandApdu(cla, ins, p1 | MORE_COMMANDS, p2, part) for part in parts[:-1]]
    return [*segments, CommandApdu(cla, ins, p1, p2, parts[-1], command.le)]
