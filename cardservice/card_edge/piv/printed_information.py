# SPDX-License-Identifier: Apache-2.0
"""Printed information, 5FC109 (SP 800-73 part 1, 3.3.1): what stands on the card's face, read after the PIN."""

from dataclasses import dataclass, field

from cardservice.card_edge.errors import UnexpectedResponse, UnwritableContent
from cardservice.card_edge.tlv import Tlv, parse_dict

# Table 15 of part 1: longest values in bytes.
LIMITS = {0x01: 125, 0x02: 20, 0x04: 9, 0x05: 20, 0x06: 15, 0x07: 20, 0x08: 20}


@dataclass(frozen=True, slots=True)
class PrintedInformation:
    """The seven lines; ``expires`` as YYYYMMMDD (2031JAN31)."""

    name: str = field(repr=False)
    affiliation: str
    expires: str
    card_serial: str
    issuer: str
    organization_line_1: str = ""
    organization_line_2: str = ""

    def encode(self) -> bytes:
        """Content of the object. Raises UnwritableContent for a line that is too long."""
        lines = {
            0x01: self.name,
            0x02: self.affiliation,
            0x04: self.expires,
            0x05: self.card_serial,
            0x06: self.issuer,
            0x07: self.organization_line_1,
            0x08: self.organization_line_2,
        }
        encoded = b""
        for tag, line in lines.items():
            value = line.encode("utf-8")
            if len(value) > LIMITS[tag]:
                raise UnwritableContent(step="printed information", rule=f"{tag:02X} at most {LIMITS[tag]} bytes")
            if value or tag < 0x07:  # the two organization lines are optional
                encoded += Tlv(tag, value)
        return encoded + Tlv(0xFE)


def parse_printed_information(content: bytes) -> PrintedInformation:
    """Read the content of 53. Raises MalformedTlv, UnexpectedResponse."""
    fields = parse_dict(content)
    try:
        lines = [fields.get(tag, b"").decode("utf-8") for tag in LIMITS]
    except UnicodeDecodeError:
        raise UnexpectedResponse(step="printed information", rule="text in UTF-8") from None
    return PrintedInformation(*lines)
