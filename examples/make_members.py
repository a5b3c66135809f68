# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: INP001 - a script, not a package
"""Writes ``members.csv`` beside this file: 200 invented members and a few rows with faults, the same on every machine.

    python examples/make_members.py

Nobody in here exists: names are drawn from lists, and the NIK serials begin with 9, where no district has come yet.
"""

import csv
import io
import random
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from pathlib import Path

TODAY = date(2026, 11, 23)
THIS_MONTH = 2026 * 12 + 10  # months are counted from year 0
MEMBERS = 200
BAD_ROWS = 7

WOMEN = [
    "Siti",
    "Dewi",
    "Sri",
    "Ayu",
    "Putri",
    "Rina",
    "Wati",
    "Lestari",
    "Fitri",
    "Nur",
    "Indah",
    "Yuni",
    "Ratna",
    "Kartika",
    "Murni",
    "Sari",
    "Endang",
    "Ningsih",
    "Maya",
    "Wulan",
]
MEN = [
    "Budi",
    "Agus",
    "Slamet",
    "Joko",
    "Eko",
    "Dwi",
    "Hendra",
    "Rudi",
    "Andi",
    "Yusuf",
    "Bambang",
    "Wahyu",
    "Made",
    "Ketut",
    "Rizki",
    "Asep",
    "Ujang",
    "Fajar",
    "Darto",
    "Yohanes",
]
LAST = [
    "Santoso",
    "Wijaya",
    "Saputra",
    "Hidayat",
    "Nugroho",
    "Setiawan",
    "Rahayu",
    "Utami",
    "Siregar",
    "Simanjuntak",
    "Nasution",
    "Lubis",
    "Hasibuan",
    "Pangaribuan",
    "Suryani",
    "Handayani",
    "Kusuma",
    "Pratama",
    "Firmansyah",
    "Kurniawan",
    "Mulyadi",
    "Suhartini",
    "Tanjung",
    "Rumambi",
    "Manalu",
    "Sembiring",
    "Wenda",
    "Latuconsina",
]
DISTRICTS = [
    "317101",
    "327301",
    "357801",
    "337401",
    "517101",
    "127101",
    "737101",
    "647201",
    "347102",
    "187101",
    "530101",
    "940101",
    "810101",
    "610101",
    "160701",
]
BANDS = (10_000, 10_000, 10_000, 12_000, 14_000, 18_000, 24_500, 32_000)  # undiscounted JKK contributions a month


@dataclass(frozen=True)
class Row:
    """One line of the list; the names of the fields are the head."""

    ref: str
    nik: str
    name: str
    birth_date: str
    work_sector: str
    income_band: str
    programmes: str
    months: str
    paid_on: str


def main() -> None:
    """Write the list."""
    Path(__file__).with_name("members.csv").write_text(member_list(), encoding="utf-8", newline="")


def member_list() -> str:
    """The whole list as text."""
    chance = random.Random(20261123)  # noqa: S311 - invented members are to be the same every time
    rows = _with_bad_rows([_member(number, chance) for number in range(1, MEMBERS + 1)])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Row))
    writer.writerows(astuple(row) for row in rows)
    return text.getvalue()


def _member(number: int, chance: random.Random) -> Row:
    is_woman = chance.random() < 0.45
    name = f"{chance.choice(WOMEN if is_woman else MEN)} {chance.choice(LAST)}"
    born = date(chance.randint(1964, 2007), chance.randint(1, 12), chance.randint(1, 28))
    day = born.day + (40 if is_woman else 0)
    months, paid_on = _history(chance)
    row = Row(
        ref=f"P-{number:04d}",
        nik=f"{chance.choice(DISTRICTS)}{day:02d}{born:%m%y}{9000 + number:04d}",
        name=name,
        birth_date=born.isoformat(),
        work_sector="transport" if chance.random() < 0.3 else "other",
        income_band=str(chance.choice(BANDS)),
        programmes="JKK+JKM+JHT" if chance.random() < 0.35 else "JKK+JKM",
        months=months,
        paid_on=paid_on,
    )
    return replace(row, **DEMO.get(row.ref, {}))


# The members of the walk that ./run shows.
DEMO: dict[str, dict[str, str]] = {
    "P-0001": {"programmes": "JKK+JKM+JHT", "months": "2025-01..2026-11", "paid_on": "", "work_sector": "transport"},
    "P-0002": {
        "programmes": "JKK+JKM",
        "months": "2025-03..2026-01",
        "paid_on": "",
        "work_sector": "other",
        "income_band": "10000",
    },
    "P-0003": {"programmes": "JKK+JKM", "months": "2025-06..2026-09", "paid_on": "", "work_sector": "other"},
    "P-0004": {"programmes": "JKK+JKM", "months": "", "paid_on": ""},
    "P-0005": {"programmes": "JKK+JKM", "months": "2026-02..2026-11", "paid_on": "", "work_sector": "other"},
    "P-0006": {"programmes": "JKK+JKM+JHT", "months": "2024-07..2026-11", "paid_on": ""},
}


def _history(chance: random.Random) -> tuple[str, str]:
    """Months and day of payment, of one of the kinds that occur."""
    start = THIS_MONTH - chance.randint(4, 30)
    kinds: tuple[tuple[int, Callable[[], tuple[str, str]]], ...] = (
        (40, lambda: (_run(start, THIS_MONTH), "")),  # current
        (10, lambda: (_run(start, THIS_MONTH + chance.randint(1, 7)), "")),  # paid ahead
        (15, lambda: (_run(start, THIS_MONTH - chance.randint(1, 3)), "")),  # in grace
        (15, lambda: (_run(start - 12, THIS_MONTH - chance.randint(4, 14)), "")),  # lapsed
        (8, lambda: (_gap(start, chance), "")),  # a gap, and back again
        (
            7,
            lambda: (_run(THIS_MONTH - chance.randint(5, 9), THIS_MONTH), _day_of_november(chance)),
        ),  # all at once, late
        (5, lambda: ("", "")),  # never paid
    )
    return chance.choices([kind for _, kind in kinds], [weight for weight, _ in kinds])[0]()


def _gap(start: int, chance: random.Random) -> str:
    first_end = start - chance.randint(5, 9)
    return f"{_run(first_end - 6, first_end)};{_run(start, THIS_MONTH)}"


def _run(first: int, last: int) -> str:
    return _month(first) if first == last else f"{_month(first)}..{_month(last)}"


def _month(count: int) -> str:
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def _day_of_november(chance: random.Random) -> str:
    return TODAY.replace(day=chance.randint(2, TODAY.day)).isoformat()


def _with_bad_rows(rows: list[Row]) -> list[Row]:
    """Seven rows more, spread over the list, each with another fault that a person makes."""
    last = MEMBERS
    bad = (
        (30, {"nik": rows[29].nik[:15]}),  # a digit lost
        (61, {"nik": f"{rows[60].nik[:6]}320190{rows[60].nik[12:]}"}),  # the 32nd of a month
        (90, {"ref": rows[40].ref}),  # a reference twice
        (115, {"nik": rows[75].nik}),  # a person twice
        (140, {"months": "2026-09..2026-01"}),  # a range backwards
        (165, {"programmes": "JHT"}),  # savings without the base pair
        (190, {"birth_date": "1990-02-30"}),  # no such day
    )
    listed = list(rows)
    for number, (place, fault) in reversed(list(enumerate(bad, start=1))):
        model = rows[place - 1]
        fresh = replace(model, ref=f"P-{last + number:04d}", nik=f"{model.nik[:12]}{9000 + last + number:04d}")
        listed.insert(place, replace(fresh, **fault))
    assert len(bad) == BAD_ROWS
    return listed


if __name__ == "__main__":
    main()
