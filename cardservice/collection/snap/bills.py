# SPDX-License-Identifier: Apache-2.0
"""``billDetails`` and ``freeTexts``: one bill per programme and run of months, in fields as short as the standard has them."""

from collections.abc import Sequence
from typing import Any

from cardservice.collection.bill import BillLine, bill_lines
from cardservice.collection.snap.fields import rupiah
from cardservice.coverage.ledger import Allocation
from cardservice.coverage.month import ContributionMonth

NO_SUB_COMPANY = "00000"
_ID = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MOST_DESCRIPTION, _MOST_TEXT, _MOST_VALUE = 18, 32, 25


def bill_details(lines: Sequence[BillLine]) -> list[dict[str, Any]]:
    """As an inquiry tells them."""
    return [_bill(place, line) for place, line in enumerate(lines, 1)]


def paid_details(parts: Sequence[Allocation], most: int) -> list[dict[str, Any]]:
    """As a payment tells what it paid: each with status 00."""
    reason = {"english": "Success", "indonesia": "Sukses"}
    return [{**bill, "status": "00", "reason": reason} for bill in bill_details(bill_lines(parts, most))]


def due_texts(lines: Sequence[BillLine]) -> list[dict[str, str]]:
    """What the bill is for, for the screen of an ATM."""
    if not lines:
        return [_text("Lunas. Boleh bayar di muka.", "Paid up. You may pay ahead.")]
    first, last = min(line.first for line in lines), max(line.last for line in lines)
    return [_text(f"Iuran {_months(first, last, _ID)}", f"Contribution {_months(first, last, _EN)}")]


def paid_texts(parts: Sequence[Allocation], carried: int) -> list[dict[str, str]]:
    """What was bought, for the receipt."""
    if not parts:
        return [_text("Disimpan sebagai saldo iuran", "Kept as credit")]
    first, last = min(each.month for each in parts), max(each.month for each in parts)
    texts = [_text(f"Lunas {_months(first, last, _ID)}", f"Paid {_months(first, last, _EN)}")]
    if carried:
        texts.append(_text(f"Sisa saldo Rp{_thousands(carried)}", f"Credit Rp{_thousands(carried)}"))
    return texts


def _bill(place: int, line: BillLine) -> dict[str, Any]:
    names = "+".join(line.programmes)
    return {
        "billCode": f"{place:02d}",
        "billNo": f"{line.first.number}{line.last.number}{''.join(str(each.number) for each in line.programmes)}",
        "billName": f"Iuran {names}"[:20],
        "billShortName": names[:10],
        "billDescription": {
            "english": _months(line.first, line.last, _EN)[:_MOST_DESCRIPTION],
            "indonesia": _months(line.first, line.last, _ID)[:_MOST_DESCRIPTION],
        },
        "billSubCompany": NO_SUB_COMPANY,
        "billAmount": rupiah(line.rupiah),
        "billAmountLabel": "Iuran",
        "billAmountValue": f"Rp{_thousands(line.rupiah)}"[:_MOST_VALUE],
        "additionalInfo": {},
    }


def _months(first: ContributionMonth, last: ContributionMonth, names: Sequence[str]) -> str:
    """``Nov 2026`` or ``Sep 2026-Jan 2027``: at most 17 characters."""
    ends = [f"{names[each.month - 1]} {each.year}" for each in dict.fromkeys((first, last))]
    return "-".join(ends)


def _text(indonesian: str, english: str) -> dict[str, str]:
    return {"english": english[:_MOST_TEXT], "indonesia": indonesian[:_MOST_TEXT]}


def _thousands(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")
