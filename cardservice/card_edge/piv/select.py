# SPDX-License-Identifier: Apache-2.0
"""SELECT of the PIV application (SP 800-73 part 2, 3.1.1)."""

from dataclasses import dataclass

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.tlv import find, parse_all, parse_dict

PIV_AID = bytes.fromhex("A000000308000010000100")
PIV_AID_WITHOUT_VERSION = PIV_AID[:9]
NIST_RID = PIV_AID[:5]


@dataclass(frozen=True, slots=True)
class ApplicationProperties:
    """The application property template, 61."""

    application_identifier: bytes  # 4F: PIX, or the whole AID
    label: str = ""
    url: str = ""
    algorithms: tuple[int, ...] = ()


def select_piv(aid: bytes = PIV_AID) -> CommandApdu:
    """SELECT by name; the 9-byte AID without version selects too."""
    return CommandApdu(0x00, 0xA4, 0x04, 0x00, aid, SHORT_LE_MAX)


def parse_select_piv(data: bytes) -> ApplicationProperties:
    """Read ``61 { 4F, 79 { 4F }, [50], [5F50], [AC { 80.., 06 }] }``. Raises MalformedTlv, UnexpectedResponse."""
    fields = parse_dict(find(data, 0x61))
    if 0x4F not in fields or find(fields.get(0x79, b""), 0x4F) != NIST_RID:
        raise UnexpectedResponse(step="SELECT PIV", rule="4F, and 79 naming NIST")
    algorithms = tuple(
        int.from_bytes(element.value, "big") for element in parse_all(fields.get(0xAC, b"")) if element.tag == 0x80
    )
    return ApplicationProperties(fields[0x4F], _text(fields, 0x50), _text(fields, 0x5F50), algorithms)


def _text(fields: dict[int, bytes], tag: int) -> str:
    return fields.get(tag, b"").decode("utf-8", "replace")
