# SPDX-License-Identifier: Apache-2.0
"""The shape of a NIK, the 16-digit population number: ``PPRRSS DDMMYY XXXX`` (facts/contributions.md, 3.3).

Syntax only. There is no check digit; the place is that of the first registration, and birth date and sex are not to be read out of it.
"""

import re
from datetime import date

from cardservice.enrolment.region import PROVINCES

NIK_LENGTH = 16
FEMALE_DAY_OFFSET = 40

_DIGITS = re.compile(r"[0-9]{16}", re.ASCII)
# What a spreadsheet makes of 16 digits: 3.17101E+15, 3171010000000000.0, or the digits behind an apostrophe.
_MANGLED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}|[0-9]{12,}[.,][0-9]+|'[0-9]{16}", re.ASCII)
_CENTURIES = (1900, 2000)


def nik_fault(text: str) -> str | None:
    """What is wrong with a NIK, as the name of a rule; None if its shape is right. The number itself is never repeated."""
    if _DIGITS.fullmatch(text) is None:
        return "nik-spreadsheet" if _MANGLED.fullmatch(text) else "nik-digits"
    if int(text[:2]) not in PROVINCES or "00" in {text[2:4], text[4:6]}:
        return "nik-district"
    if not _has_birth_date(int(text[6:8]), int(text[8:10]), int(text[10:12])):
        return "nik-birth-date"
    return "nik-serial" if text[12:] == "0000" else None


def _has_birth_date(day: int, month: int, year: int) -> bool:
    if day > FEMALE_DAY_OFFSET:
        day -= FEMALE_DAY_OFFSET
    return any(_is_date(century + year, month, day) for century in _CENTURIES)


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
