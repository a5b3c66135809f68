# SPDX-License-Identifier: Apache-2.0
"""One command as the card received it: ISO/IEC 7816-4, 5.4.1 class byte, and the form of its length fields."""

from dataclasses import dataclass, replace
from typing import Self

from applets.virtual.errors import Refused
from cardservice.card_edge.apdu import HEADER, CommandApdu
from cardservice.card_edge.errors import MalformedApdu
from cardservice.card_edge.status_word import StatusWord

PROPRIETARY = 0x80
CHAINED = 0x10
SECURE = 0x04  # GlobalPlatform secure messaging (GP 11.1.4)
ISO_SECURE = 0x08  # ISO secure messaging, which we do not speak
CHANNEL = 0x03
FURTHER_CHANNELS = 0x40  # C0..FE and 40..7F: logical channels 4 to 19


@dataclass(frozen=True, slots=True)
class Frame:
    """A command with the class byte as sent. ``extended`` says that Lc or Le came in the long form."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None
    extended: bool = False

    @classmethod
    def parse(cls, encoded: bytes) -> Self:
        """Read a command. Raises Refused: 6700 for a broken form, 6E00, 6881 or 6882 for a class that this card has not."""
        try:
            command = CommandApdu.parse(encoded)
        except MalformedApdu:
            raise Refused(StatusWord.WRONG_LENGTH) from None
        if command.cla == 0xFF or command.cla & 0xE0 in {0x20, 0xA0}:
            raise Refused(StatusWord.CLA_NOT_SUPPORTED)
        if command.cla & CHANNEL or command.cla & FURTHER_CHANNELS:
            raise Refused(StatusWord.LOGICAL_CHANNEL_NOT_SUPPORTED)
        if command.cla & ISO_SECURE:
            raise Refused(StatusWord.SECURE_MESSAGING_NOT_SUPPORTED)
        extended = len(encoded) > HEADER + 2 and not encoded[HEADER]
        return cls(command.cla, command.ins, command.p1, command.p2, command.data, command.le, extended)

    @property
    def secure(self) -> bool:
        """Whether the class byte announces secure messaging."""
        return bool(self.cla & SECURE)

    @property
    def chained(self) -> bool:
        """Whether more frames of the same command follow."""
        return bool(self.cla & CHAINED)

    @property
    def plain_cla(self) -> int:
        """00 or 80: the class without secure messaging and chaining."""
        return self.cla & PROPRIETARY

    @property
    def header(self) -> tuple[int, int, int, int]:
        """What all frames of one chain share."""
        return self.plain_cla, self.ins, self.p1, self.p2

    def with_data(self, data: bytes) -> Self:
        """The same command carrying other data."""
        return replace(self, data=data)

    def __repr__(self) -> str:
        # Data may be a PIN or a key.
        return f"Frame({self.cla:02X}{self.ins:02X}{self.p1:02X}{self.p2:02X}, {len(self.data)} bytes)"
