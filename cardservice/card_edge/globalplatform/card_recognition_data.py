# SPDX-License-Identifier: Apache-2.0
"""Card recognition data, tag 66 (GlobalPlatform H.2): which GlobalPlatform and which secure channel protocols a card speaks."""

from dataclasses import dataclass

from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.tlv import find, parse_all

GLOBALPLATFORM = bytes.fromhex("2A864886FC6B")  # 1.2.840.114283
VERSION_ARC = 2
SECURE_CHANNEL_ARC = 4
ISSUER_DOMAIN_PROTOCOL = 0x64
CARD_VERSION = 0x60
OBJECT_IDENTIFIER = 0x06


@dataclass(frozen=True, slots=True)
class SecureChannelProtocol:
    """A secure channel protocol with its implementation option: SCP03 with i = 70 is (3, 0x70)."""

    scp: int
    i: int


@dataclass(frozen=True, slots=True)
class CardRecognitionData:
    """What tag 66 says."""

    globalplatform_version: str
    secure_channels: tuple[SecureChannelProtocol, ...]

    def option(self, scp: int) -> int | None:
        """The option of a protocol, None where the card does not announce it."""
        return next((channel.i for channel in self.secure_channels if channel.scp == scp), None)


def parse_card_recognition_data(data: bytes) -> CardRecognitionData:
    """Read ``66 { 73 { 06, 60 { 06 }, 64 { 06 }.. } }``. Raises MalformedTlv, UnexpectedResponse."""
    version = ""
    channels = []
    for element in parse_all(find(data, 0x66, 0x73)):
        if element.tag == CARD_VERSION:
            # The version is the object identifier itself below 1.2.840.114283: {2 1 1} is 2.1.1.
            arcs = _arcs(find(element.value, OBJECT_IDENTIFIER), VERSION_ARC)
            version = ".".join(map(str, (VERSION_ARC, *arcs)))
        elif element.tag == ISSUER_DOMAIN_PROTOCOL:
            for identifier in parse_all(element.value):
                arcs = _arcs(identifier.value, SECURE_CHANNEL_ARC)
                if len(arcs) != 2:
                    raise UnexpectedResponse(step="GET DATA", rule="64 names a protocol and i")
                channels.append(SecureChannelProtocol(*arcs))
    return CardRecognitionData(version, tuple(channels))


def _arcs(identifier: bytes, under: int) -> list[int]:
    """The arcs of an object identifier below 1.2.840.114283.under (X.690, 8.19)."""
    root = GLOBALPLATFORM + bytes([under])
    if not identifier.startswith(root) or identifier[-1] & 0x80:
        raise UnexpectedResponse(step="GET DATA", rule=f"an object identifier under 1.2.840.114283.{under}")
    arcs, arc = [], 0
    for byte in identifier[len(root) :]:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    return arcs
