# SPDX-License-Identifier: Apache-2.0
"""SELECT of a security domain (GlobalPlatform 11.9): the command and what the FCI says."""

from dataclasses import dataclass

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.tlv import find, parse_dict

ISSUER_SECURITY_DOMAIN = bytes.fromhex("A000000151000000")  # H.1.3, the default AID


@dataclass(frozen=True, slots=True)
class SecurityDomainFci:
    """File control information of a security domain."""

    aid: bytes
    max_data_length: int | None  # 9F65, longest command data the domain takes


def select(aid: bytes = b"") -> CommandApdu:
    """SELECT by name, first occurrence; without an AID the issuer security domain."""
    return CommandApdu(0x00, 0xA4, 0x04, 0x00, aid, SHORT_LE_MAX)


def parse_select(data: bytes) -> SecurityDomainFci:
    """Read ``6F { 84 AID, A5 { [73] [9F6E] [9F65] } }``. Raises MalformedTlv."""
    fci = parse_dict(find(data, 0x6F))
    proprietary = parse_dict(fci.get(0xA5, b""))
    longest = proprietary.get(0x9F65)
    return SecurityDomainFci(find(data, 0x6F, 0x84), int.from_bytes(longest, "big") if longest else None)
