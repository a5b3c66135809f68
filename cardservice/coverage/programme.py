# SPDX-License-Identifier: Apache-2.0
"""The programmes an informal worker can join (UU 24/2011; facts/contributions.md, "programs for BPU")."""

from enum import StrEnum


class Programme(StrEnum):
    """One programme of employment social security. Pension (JP) and job loss (JKP) are not open to informal workers."""

    JKK = "JKK"
    JKM = "JKM"
    JHT = "JHT"

    @property
    def number(self) -> int:
        """Its number in the cover proof's programme map (docs/card-edge.md): 1, 2, 3."""
        return _NUMBERS[self]

    @property
    def name_id(self) -> str:
        """Its name in Indonesian."""
        return _NAMES[self][0]

    @property
    def name_en(self) -> str:
        """Its name in English."""
        return _NAMES[self][1]

    @classmethod
    def of_number(cls, number: int) -> "Programme | None":
        """The programme with this number, if there is one: a card may carry programmes that we do not know yet."""
        return next((programme for programme, its in _NUMBERS.items() if its == number), None)


_NUMBERS = {Programme.JKK: 1, Programme.JKM: 2, Programme.JHT: 3}
_NAMES = {
    Programme.JKK: ("Jaminan Kecelakaan Kerja", "work accident insurance"),
    Programme.JKM: ("Jaminan Kematian", "death benefit"),
    Programme.JHT: ("Jaminan Hari Tua", "old-age savings"),
}
