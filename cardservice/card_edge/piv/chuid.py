# SPDX-License-Identifier: Apache-2.0
"""The card holder unique identifier, 5FC102 (SP 800-73 part 1, 3.1.2). Middleware finds and names the card by it; nobody authenticates by it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from cardservice.card_edge.errors import UnexpectedResponse, UnwritableContent
from cardservice.card_edge.tlv import Tlv, parse_dict

# Agency 9999, system 9999, credential 999999: not a federal card. OpenSC then takes the GUID as the serial number.
NON_FEDERAL_FASC_N = bytes.fromhex("D4E739DA739CED39CE739D836858210842108421C84210C3EB")
FASC_N_LENGTH = 25
GUID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Chuid:
    """The fields that we write; ``signature`` (3E) is empty on our cards."""

    guid: bytes
    expires: date
    fasc_n: bytes = NON_FEDERAL_FASC_N
    signature: bytes = b""

    def encode(self) -> bytes:
        """Content of the object."""
        if len(self.guid) != GUID_LENGTH or len(self.fasc_n) != FASC_N_LENGTH:
            raise UnwritableContent(step="CHUID", rule="GUID of 16 bytes, FASC-N of 25")
        return (
            Tlv(0x30, self.fasc_n)
            + Tlv(0x34, self.guid)
            + Tlv(0x35, f"{self.expires:%Y%m%d}".encode("ascii"))
            + Tlv(0x3E, self.signature)
            + Tlv(0xFE)
        )


def parse_chuid(content: bytes) -> Chuid:
    """Read the content of 53; fields that we do not write are passed over. Raises MalformedTlv, UnexpectedResponse."""
    fields = parse_dict(content)
    fasc_n, guid, expiry = (fields.get(tag, b"") for tag in (0x30, 0x34, 0x35))
    if len(fasc_n) != FASC_N_LENGTH or len(guid) != GUID_LENGTH:
        raise UnexpectedResponse(step="CHUID", rule="GUID of 16 bytes, FASC-N of 25")
    return Chuid(guid, _date(expiry), fasc_n, fields.get(0x3E, b""))


def _date(digits: bytes) -> date:
    wrong = UnexpectedResponse(step="CHUID", rule="expiry as YYYYMMDD")
    if len(digits) != 8 or not digits.isdigit():
        raise wrong
    try:
        return datetime.strptime(digits.decode("ascii"), "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise wrong from None
