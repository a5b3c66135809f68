# SPDX-License-Identifier: Apache-2.0
"""The discovery object, 7E (SP 800-73 part 1, 3.3.2): which PIN and which biometric a card takes."""

from dataclasses import dataclass

from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.piv.select import PIV_AID
from cardservice.card_edge.tlv import Tlv, parse_dict

PIN_POLICY_PIV_PIN = 0x40
PIN_POLICY_GLOBAL_PIN = 0x20
PIN_POLICY_ON_CARD_COMPARISON = 0x10
PIN_POLICY_VCI = 0x08
PIN_POLICY_VCI_WITHOUT_PAIRING_CODE = 0x04
ONLY_ONE_PIN = 0x00
PREFER_PIV_PIN = 0x10
PREFER_GLOBAL_PIN = 0x20


@dataclass(frozen=True, slots=True)
class Discovery:
    """Content of 7E. Ours: PIV PIN only."""

    aid: bytes = PIV_AID
    pin_policy: int = PIN_POLICY_PIV_PIN
    pin_preference: int = ONLY_ONE_PIN

    def encode(self) -> bytes:
        """Content of the object, 18 bytes."""
        return Tlv(0x4F, self.aid) + Tlv(0x5F2F, bytes([self.pin_policy, self.pin_preference]))


def parse_discovery(content: bytes) -> Discovery:
    """Read the content of 7E. Raises MalformedTlv, UnexpectedResponse."""
    fields = parse_dict(content)
    policy = fields.get(0x5F2F, b"")
    if 0x4F not in fields or len(policy) != 2:
        raise UnexpectedResponse(step="discovery object", rule="4F, and 5F2F with 2 bytes")
    return Discovery(fields[0x4F], policy[0], policy[1])
