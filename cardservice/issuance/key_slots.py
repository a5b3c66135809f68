# SPDX-License-Identifier: Apache-2.0
"""The names under which a card's keys are recorded: '9A' .. '9E' for PIV, 'S01' for sector 01."""

from cardservice.card_edge.dialogues.personalization_plan import PIV_SLOTS, CardPublicKeys


def piv_slot_name(slot: int) -> str:
    """A PIV key reference in hexadecimal."""
    return f"{slot:02X}"


def sector_slot_name(sector: int) -> str:
    """A sector's key."""
    return f"S{sector:02X}"


def points_by_slot(keys: CardPublicKeys) -> dict[str, bytes]:
    """Every public key of a card under its recorded name."""
    piv = {piv_slot_name(slot): point for slot, point in keys.piv.items()}
    return piv | {sector_slot_name(sector): point for sector, point in keys.sectors.items()}


def public_keys(points: dict[str, bytes], sectors: tuple[int, ...]) -> CardPublicKeys | None:
    """The inverse, None where a key is lacking."""
    piv = {slot: points[piv_slot_name(slot)] for slot in PIV_SLOTS if piv_slot_name(slot) in points}
    by_sector = {sector: points[sector_slot_name(sector)] for sector in sectors if sector_slot_name(sector) in points}
    complete = len(piv) == len(PIV_SLOTS) and len(by_sector) == len(sectors)
    return CardPublicKeys(piv, by_sector) if complete else None
