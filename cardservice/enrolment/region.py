# SPDX-License-Identifier: Apache-2.0
"""Region codes of the Ministry of Home Affairs: province (2 digits), district (4), sub-district (6); and sets of them as prefixes.

Where a member lives and works is told by the list, never read out of the NIK, which names the place of the first registration
(facts/contributions.md, 3.3).
"""

import re
from collections.abc import Iterable

EVERYWHERE = ""  # every code begins with it
WHOLE_COUNTRY = frozenset({EVERYWHERE})
PROVINCE_LENGTH = 2
MAX_REGIONS = 100  # of one intermediary; whoever needs more has a province

# Provinces as the Ministry of Home Affairs numbers them.
PROVINCES = frozenset(
    {*range(11, 22), *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82, *range(91, 98)}
)
_CODE = re.compile(r"[0-9]{2}(?:[0-9]{2}){0,2}", re.ASCII)


def is_region(code: str) -> bool:
    """Whether a code can name a province, district or sub-district."""
    parts = [code[start : start + 2] for start in range(2, len(code), 2)]
    return _CODE.fullmatch(code) is not None and int(code[:2]) in PROVINCES and "00" not in parts


def contains(regions: Iterable[str], code: str) -> bool:
    """Whether a place lies in any of the regions."""
    return any(code.startswith(region) for region in regions)


def is_within(inner: Iterable[str], outer: Iterable[str]) -> bool:
    """Whether every region of one set lies in a region of the other."""
    outer = tuple(outer)
    return all(contains(outer, region) for region in inner)


def overlap(one: Iterable[str], other: Iterable[str]) -> frozenset[str]:
    """The places that lie in both sets, as few codes as tell it."""
    one, other = tuple(one), tuple(other)
    both = {each for each in one if contains(other, each)} | {each for each in other if contains(one, each)}
    return frozenset(each for each in both if not contains(both - {each}, each))
