# SPDX-License-Identifier: Apache-2.0
"""The key history object, 5FC10C (SP 800-73 part 1, 3.3.3): how many retired keys a card holds."""

from dataclasses import dataclass

from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.tlv import Tlv, parse_dict


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """Retired key management keys with certificates on the card and elsewhere. A new card has none."""

    with_on_card_certificates: int = 0
    with_off_card_certificates: int = 0
    off_card_certificates_url: bytes = b""

    def encode(self) -> bytes:
        """Content of the object; the URL is there only where certificates lie elsewhere."""
        url = Tlv(0xF3, self.off_card_certificates_url) if self.with_off_card_certificates else b""
        counts = Tlv(0xC1, bytes([self.with_on_card_certificates])) + Tlv(
            0xC2, bytes([self.with_off_card_certificates])
        )
        return counts + url + Tlv(0xFE)


def parse_key_history(content: bytes) -> KeyHistory:
    """Read the content of 53. Raises MalformedTlv, UnexpectedResponse."""
    fields = parse_dict(content)
    on_card, off_card = fields.get(0xC1, b""), fields.get(0xC2, b"")
    if len(on_card) != 1 or len(off_card) != 1:
        raise UnexpectedResponse(step="key history", rule="C1 and C2 with 1 byte")
    return KeyHistory(on_card[0], off_card[0], fields.get(0xF3, b""))
