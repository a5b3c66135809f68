# SPDX-License-Identifier: Apache-2.0
"""Member lists for tests: a good row, and lists with a change here and there."""

import csv
import io
from collections.abc import Mapping
from datetime import date

from cardservice.enrolment.member_list import MemberList, read_member_list
from cardservice.enrolment.member_row import OPTIONAL_COLUMNS, REQUIRED_COLUMNS

TODAY = date(2026, 11, 23)
COLUMNS = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
GOOD: Mapping[str, str] = {
    "ref": "P-0001",
    "nik": "3171014510909001",
    "name": "Siti Rahayu",
    "birth_date": "1990-10-05",
    "work_sector": "transport",
    "income_band": "10000",
    "programmes": "JKK+JKM",
    "months": "2026-01..2026-09;2026-11",
    "paid_on": "",
    "region": "",
}
OTHER: Mapping[str, str] = {**GOOD, "ref": "P-0002", "nik": "3273010101859002", "name": "Budi Santoso"}


def octets(*rows: Mapping[str, str], columns: tuple[str, ...] = COLUMNS) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(*rows: Mapping[str, str]) -> MemberList:
    return read_member_list(octets(*rows), today=TODAY)
