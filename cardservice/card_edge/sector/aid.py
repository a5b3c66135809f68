# SPDX-License-Identifier: Apache-2.0
"""Names of the sector applets and of the load file they come from (docs/card-edge.md, "Applications")."""

from enum import StrEnum

from cardservice.card_edge.errors import UnwritableContent

LOAD_FILE_AID = bytes.fromhex("F04B4A53524900")
PIV_MODULE_AID = bytes.fromhex("F04B4A5352490001")
SECTOR_MODULE_AID = bytes.fromhex("F04B4A5352490002")


class SectorKind(StrEnum):
    """What kind of verifier a sector number belongs to."""

    HEALTH = "health"
    TRANSPORT = "transport"
    MERCHANT = "merchant"
    BANK = "bank"
    TELCO = "telco"
    COUNTER = "counter"


HEALTH_SECTOR = 0x01
COUNTER_SECTOR = 0x70

_KINDS = {
    SectorKind.HEALTH: range(HEALTH_SECTOR, HEALTH_SECTOR + 1),
    SectorKind.TRANSPORT: range(0x10, 0x20),
    SectorKind.MERCHANT: range(0x20, 0x40),
    SectorKind.BANK: range(0x40, 0x50),
    SectorKind.TELCO: range(0x50, 0x60),
    SectorKind.COUNTER: range(COUNTER_SECTOR, COUNTER_SECTOR + 1),
}


def sector_kind(sector: int) -> SectorKind | None:
    """The kind of a sector number, None where the number is not given out."""
    return next((kind for kind, numbers in _KINDS.items() if sector in numbers), None)


def sector_aid(sector: int) -> bytes:
    """The instance AID of a sector, ``F04B4A5352490002nn``. Raises UnwritableContent for a number that is no byte, or 00, the issuer's."""
    if not 0x01 <= sector <= 0xFF:
        raise UnwritableContent(step="sector", rule="a sector number is 01 to FF")
    return SECTOR_MODULE_AID + bytes([sector])


def sector_of(aid: bytes) -> int | None:
    """The sector number of an AID, None where it is no sector's."""
    return aid[-1] if len(aid) == len(SECTOR_MODULE_AID) + 1 and aid.startswith(SECTOR_MODULE_AID) else None
