# SPDX-License-Identifier: Apache-2.0
"""Command and response APDUs (ISO/IEC 7816-3, 12.1): cases 1 to 4, short and extended."""

from dataclasses import dataclass, replace
from typing import Self

from cardservice.card_edge.errors import MalformedApdu

SHORT_LC_MAX = 0xFF
SHORT_LE_MAX = 0x100
EXTENDED_LC_MAX = 0xFFFF
EXTENDED_LE_MAX = 0x1_0000
HEADER = 4


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """One command. ``le`` is the number of bytes wanted (256 = all a short answer holds), None where no data is expected.

    ``extended_fields`` asks for extended length fields where short ones would do, so that a parsed command encodes to the same bytes: a MAC
    over the command covers Lc as it was sent.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None
    extended_fields: bool = False

    @property
    def header(self) -> bytes:
        """CLA INS P1 P2. Raises MalformedApdu where one of them is no byte."""
        try:
            return bytes((self.cla, self.ins, self.p1, self.p2))
        except ValueError:
            raise MalformedApdu(rule="CLA, INS, P1 and P2 are bytes") from None

    @property
    def extended(self) -> bool:
        """Whether the command is sent with extended length fields: because it must, or because it was asked for."""
        return len(self.data) > SHORT_LC_MAX or (self.le or 0) > SHORT_LE_MAX or self.extended_fields

    def encode(self) -> bytes:
        """The bytes sent to the reader: short fields where they suffice. Raises MalformedApdu for what no length field can say."""
        if len(self.data) > EXTENDED_LC_MAX:
            raise MalformedApdu(rule="data longer than extended Lc allows")
        if self.le is not None and not 1 <= self.le <= EXTENDED_LE_MAX:
            raise MalformedApdu(rule="Le is 1 to 65,536")
        if not self.extended:
            lc = bytes([len(self.data)]) + self.data if self.data else b""
            le = b"" if self.le is None else bytes([self.le & 0xFF])
            return self.header + lc + le
        lc = b"\x00" + len(self.data).to_bytes(2, "big") + self.data if self.data else b""
        le = b"" if self.le is None else (self.le & 0xFFFF).to_bytes(2, "big")
        return self.header + lc + (le if lc or not le else b"\x00" + le)

    @classmethod
    def parse(cls, encoded: bytes) -> Self:
        """Read a command; anything but exactly one of the seven forms of 12.1.3 is refused."""
        if len(encoded) < HEADER:
            raise MalformedApdu(rule="shorter than a header")
        header, body = encoded[:HEADER], encoded[HEADER:]
        data, le = _read_body(bytes(body))
        cla, ins, p1, p2 = header
        # A body of one byte is a short Le; any longer one is extended where it begins with 00.
        needed = len(data) > SHORT_LC_MAX or (le or 0) > SHORT_LE_MAX
        return cls(cla, ins, p1, p2, data, le, len(body) > 1 and not body[0] and not needed)

    def with_data(self, data: bytes) -> Self:
        """The same command carrying other data."""
        return replace(self, data=data)

    def __repr__(self) -> str:
        # Data may be a PIN or a key: only its length is shown.
        return f"CommandApdu({self.header.hex().upper()}, {len(self.data)} bytes, le={self.le})"


@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """One response: data field and status word."""

    data: bytes
    sw: int

    def encode(self) -> bytes:
        """The bytes as a card sends them."""
        return self.data + self.sw.to_bytes(2, "big")

    @classmethod
    def parse(cls, encoded: bytes) -> Self:
        """Read a response; it ends with two bytes of status."""
        if not 2 <= len(encoded) <= EXTENDED_LE_MAX + 2:
            raise MalformedApdu(rule="a response has 2 to 65,538 bytes")
        return cls(bytes(encoded[:-2]), int.from_bytes(encoded[-2:], "big"))

    def __repr__(self) -> str:
        return f"ResponseApdu({len(self.data)} bytes, {self.sw:04X})"


def _read_body(body: bytes) -> tuple[bytes, int | None]:
    if not body:
        return b"", None  # case 1
    if len(body) == 1:
        return b"", body[0] or SHORT_LE_MAX  # case 2 short
    if body[0]:
        return _read_data(body[1:], body[0], le_bytes=1)  # cases 3 and 4 short
    if len(body) == 3:
        return b"", int.from_bytes(body[1:], "big") or EXTENDED_LE_MAX  # case 2 extended
    if len(body) < 3:
        raise MalformedApdu(rule="extended length cut short")
    length = int.from_bytes(body[1:3], "big")
    if not length:
        raise MalformedApdu(rule="extended Lc of zero")
    return _read_data(body[3:], length, le_bytes=2)  # cases 3 and 4 extended


def _read_data(rest: bytes, length: int, *, le_bytes: int) -> tuple[bytes, int | None]:
    data, le = rest[:length], rest[length:]
    if len(data) != length:
        raise MalformedApdu(rule="data shorter than Lc")
    if not le:
        return data, None
    if len(le) != le_bytes:
        raise MalformedApdu(rule="bytes after Le")
    return data, int.from_bytes(le, "big") or 1 << (8 * le_bytes)
