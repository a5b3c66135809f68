# SPDX-License-Identifier: Apache-2.0
"""Card production life cycle data, tag 9F7F (a convention of chip makers; GlobalPlatform 2.3.1 leaves it to them)."""

from dataclasses import dataclass

from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.tlv import Tlv

TAG = 0x9F7F
LENGTH = 42
WIDTHS = (2, 2, 2, 2, 2, 2, 4, 2, 2, 2, 2, 2, 2, 2, 4, 2, 2, 4)


@dataclass(frozen=True, slots=True)
class Cplc:
    """The 18 fields, in their order on the card. Dates are BCD: year's last digit, then day of the year."""

    ic_fabricator: bytes  # 2
    ic_type: bytes  # 2
    operating_system_id: bytes  # 2
    operating_system_date: bytes  # 2
    operating_system_level: bytes  # 2
    ic_fabrication_date: bytes  # 2
    ic_serial: bytes  # 4
    ic_batch: bytes  # 2
    module_fabricator: bytes  # 2
    module_date: bytes  # 2
    icc_manufacturer: bytes  # 2
    embedding_date: bytes  # 2
    prepersonalizer: bytes  # 2
    prepersonalization_date: bytes  # 2
    prepersonalization_equipment: bytes  # 4
    personalizer: bytes  # 2
    personalization_date: bytes  # 2
    personalization_equipment: bytes  # 4

    @property
    def chip_serial(self) -> str:
        """What names the chip: ICFabricator | ICType | ICbatch | ICserial, 20 hexadecimal digits. Unique by custom, not by guarantee."""
        return (self.ic_fabricator + self.ic_type + self.ic_batch + self.ic_serial).hex().upper()


def parse_cplc(data: bytes) -> Cplc:
    """Read ``9F7F 2A`` and 42 bytes, or the 42 bytes alone as some chips send them. Raises MalformedTlv, UnexpectedResponse."""
    if len(data) != LENGTH:
        element = Tlv.parse(data)
        if element.tag != TAG or len(element.value) != LENGTH:
            raise UnexpectedResponse(step="GET DATA", rule="9F7F with 42 bytes")
        data = element.value
    fields, offset = [], 0
    for width in WIDTHS:
        fields.append(data[offset : offset + width])
        offset += width
    return Cplc(*fields)
