# SPDX-License-Identifier: Apache-2.0
"""Messages between a driver and its reader worker: length (4 bytes, big-endian), kind (1 byte), payload."""

import os
import select
from dataclasses import dataclass
from enum import IntEnum

from cardservice.clock import monotonic

FRAME_MAX = 0x1_0100  # the longest response PC/SC can bring, and room for the frame
_HEADER = 4


class Kind(IntEnum):
    """What a message is. Requests are odd, answers even."""

    TRANSMIT = 0x01  # command APDU
    END = 0x03  # reset the card, power it down, go
    OPENED = 0x02  # ATR
    RESPONSE = 0x04  # response APDU
    PCSC_ERROR = 0x06  # return code, 4 bytes
    LIBRARY_MISSING = 0x08  # name of the library


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    kind: Kind
    payload: bytes = b""

    def __repr__(self) -> str:
        # The payload may be a PIN or a key.
        return f"Frame({self.kind.name}, {len(self.payload)} bytes)"


class PipeClosed(Exception):
    """The other side has gone, or speaks nonsense."""


class PipeSlow(Exception):
    """Nothing whole arrived before the deadline."""


def send(descriptor: int, frame: Frame) -> None:
    """Write one message. Raises PipeClosed."""
    rest = memoryview((len(frame.payload) + 1).to_bytes(_HEADER, "big") + bytes([frame.kind]) + frame.payload)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError as gone:
        raise PipeClosed from gone


def receive(descriptor: int, deadline: float | None = None) -> Frame:
    """Read one message until a monotonic deadline (None: for ever). Raises PipeClosed, PipeSlow."""
    length = int.from_bytes(_read(descriptor, _HEADER, deadline), "big")
    if not 1 <= length <= FRAME_MAX:
        raise PipeClosed
    body = _read(descriptor, length, deadline)
    try:
        return Frame(Kind(body[0]), body[1:])
    except ValueError as unknown:
        raise PipeClosed from unknown


def _read(descriptor: int, length: int, deadline: float | None) -> bytes:
    got = bytearray()
    while len(got) < length:
        if deadline is not None:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - monotonic()))
            if not ready:
                raise PipeSlow
        part = os.read(descriptor, length - len(got))
        if not part:
            raise PipeClosed
        got += part
    return bytes(got)
