# SPDX-License-Identifier: Apache-2.0
"""A list of invented people for the bench, the same on every machine: each pays 1, 2, 3, 6 or 12 months at once, a third of them JHT too."""

import random
from collections.abc import Iterator
from pathlib import Path

HEAD = "ref,nik,name,birth_date,work_sector,income_band,programmes,months,paid_on,region"
_FIRST = ("Siti", "Dewi", "Budi", "Agus", "Slamet", "Joko", "Ratna", "Wahyu", "Made", "Ketut", "Fitri", "Yusuf")
_LAST = ("Santoso", "Wijaya", "Saputra", "Hidayat", "Siregar", "Lubis", "Utami", "Nasution", "Pratama", "Tanjung")
_DISTRICTS = ("327301", "317101", "357801", "337401")
_MONTHS = ("2026-11", "2026-10..2026-11", "2026-09..2026-11", "2026-06..2026-11", "2026-01..2026-12")


def lines(rows: int, seed: int = 4) -> Iterator[str]:
    """The head, then ``rows`` lines. Serials begin with 9, where no district has come yet."""
    draw = random.Random(seed)  # noqa: S311 - invented people
    yield HEAD
    for number in range(rows):
        district, day = draw.choice(_DISTRICTS), number // 1000
        birth = f"{day % 28 + 1:02d}{day % 12 + 1:02d}{60 + day % 40:02d}"
        date = f"19{birth[4:]}-{birth[2:4]}-{birth[:2]}"
        name = f"{draw.choice(_FIRST)} {draw.choice(_LAST)}"
        programmes = draw.choice(("JKK+JKM", "JKK+JKM", "JKK+JKM+JHT"))
        sector = draw.choice(("other", "transport"))
        yield (
            f"B-{number:06d},{district}{birth}9{number % 1000:03d},{name},{date},{sector},10000,{programmes},"
            f"{draw.choice(_MONTHS)},,{district[:4]}"
        )


def write(path: Path, rows: int) -> int:
    """Write the list; returns its size in octets."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{line}\n" for line in lines(rows))
    return path.stat().st_size
