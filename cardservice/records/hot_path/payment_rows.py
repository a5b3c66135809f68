# SPDX-License-Identifier: Apache-2.0
"""Rows of the short way of payments, from what a bare driver gives to the values of records, and back."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import Payer, WorkSector
from cardservice.records.banks import Bank, banks
from cardservice.records.canonical_json import canonical_json
from cardservice.records.columns import programmes_of, programmes_text
from cardservice.records.hot_path.payment_store import Opened
from cardservice.records.ledger_change import LedgerChange
from cardservice.records.member_account import member_account
from cardservice.records.member_months import MemberMonth
from cardservice.records.member_terms import terms_of_text
from cardservice.records.members import Member, members
from cardservice.records.payment_allocations import AllocationRow
from cardservice.records.payments import Channel, PaymentRow, payments

BANK_COLUMNS = tuple(column.name for column in banks.columns)
MEMBER_COLUMNS = tuple(column.name for column in members.columns)
PAYMENT_COLUMNS = tuple(column.name for column in payments.columns)
ACCOUNT_COLUMNS = tuple(column.name for column in member_account.columns if not column.primary_key)
PAID_COLUMNS = (
    "programmes",
    "paid_through_jkk",
    "paid_through_jkm",
    "paid_through_jht",
    "paid_spans",
    "work_sector",
    "payer",
    "full_monthly_jkk",
    "full_monthly_jht",
)
CLAIM_COLUMNS = ("partner_id", "day", "external_id", "service", "request_id", "asked_at")

When = Callable[[Any], datetime]


def ledger_statement(member: str) -> str:
    """Everything that was paid for one member, in one statement: payments, months, and what payments bought of them. ``member`` is a placeholder."""
    return f"""
SELECT 'payment' AS kind, one.payment_id, one.partner_id, one.reference, one.channel, one.payer, one.amount, one.received_at, one.recorded_at,
       one.months, undone.recorded_at AS known_at, NULL AS programme, NULL AS month
FROM payments AS one
LEFT JOIN payment_reversals AS undone ON undone.member_id = one.member_id AND undone.payment_id = one.payment_id
WHERE one.member_id = {member}
UNION ALL
SELECT 'month', NULL, NULL, NULL, NULL, NULL, amount, received_at, recorded_at, NULL, NULL, programme, month
FROM member_months WHERE member_id = {member}
UNION ALL
SELECT 'part', payment_id, NULL, NULL, NULL, NULL, amount, NULL, NULL, NULL, NULL, programme, month
FROM payment_allocations WHERE member_id = {member}
"""  # noqa: S608 - a placeholder of ours


def opened_of(found: Mapping[str, Any], ledger: Iterable[Mapping[str, Any]], when: When) -> Opened:
    """``found`` is the member beside the payment number; ``when`` reads the driver's moments."""
    member_id = found["member_id"]
    rows: list[tuple[PaymentRow, datetime | None]] = []
    months: list[MemberMonth] = []
    parts: list[AllocationRow] = []
    for row in ledger:
        match row["kind"]:
            case "payment":
                known_at = row["known_at"]
                rows.append((_payment_of(member_id, row, when), None if known_at is None else when(known_at)))
            case "month":
                received = row["received_at"]
                moments = None if received is None else when(received), when(row["recorded_at"])
                months.append(MemberMonth(*_cell(row), row["amount"], *moments))
            case _:
                parts.append(AllocationRow(row["payment_id"], *_cell(row), row["amount"]))
    rows.sort(key=lambda each: (each[0].received_at, each[0].payment_id))
    months.sort(key=lambda each: (each.programme, each.month))
    expires_at = found["expires_at"]
    return Opened(
        _member_of(found, when),
        found["shown_name"],
        None if expires_at is None else when(expires_at),
        tuple(rows),
        tuple(months),
        tuple(parts),
    )


def bank_of(row: Mapping[str, Any] | None, when: When) -> tuple[Bank | None, datetime | None]:
    """A bank and the end of its token, as access_tokens.with_bank() gives them."""
    if row is None:
        return None, None
    values = {name: row[name] for name in BANK_COLUMNS}
    values["created_at"] = when(values["created_at"])
    revoked, expires = values["revoked_at"], row["expires_at"]
    values["revoked_at"] = None if revoked is None else when(revoked)
    return Bank(**values), None if expires is None else when(expires)


def payment_values(payment: PaymentRow) -> dict[str, Any]:
    """A payment as its columns, moments still Python's."""
    values = {name: getattr(payment, name) for name in PAYMENT_COLUMNS}
    values |= {"channel": payment.channel.value, "payer": payment.payer.value}
    return values | {"months": canonical_json(payment.months).decode()}


def account_values(change: LedgerChange) -> list[int | None]:
    """The account, in the order of ACCOUNT_COLUMNS."""
    owed = {programme: month.number for programme, month in change.account.owed_from.items()}
    return [
        change.account.credit,
        *(owed.get(programme) for programme in (Programme.JKK, Programme.JKM, Programme.JHT)),
    ]


def paid_values(change: LedgerChange) -> list[Any]:
    """What card_standing tells of payments, in the order of PAID_COLUMNS."""
    columns = change.paid.columns()
    columns["programmes"] = programmes_text(columns["programmes"])
    columns["paid_spans"] = canonical_json(columns["paid_spans"]).decode()
    columns["work_sector"], columns["payer"] = columns["work_sector"].value, columns["payer"].value
    return [columns[name] for name in PAID_COLUMNS]


def _member_of(row: Mapping[str, Any], when: When) -> Member:
    values = {name: row[name] for name in MEMBER_COLUMNS}
    values |= {"work_sector": WorkSector(row["work_sector"]), "payer": Payer(row["payer"])}
    values |= {"programmes": programmes_of(row["programmes"]), "terms": terms_of_text(row["terms"])}
    return Member(**values | {"created_at": when(row["created_at"])})


def _payment_of(member_id: str, row: Mapping[str, Any], when: When) -> PaymentRow:
    return PaymentRow(
        member_id,
        row["payment_id"],
        row["partner_id"],
        row["reference"],
        Channel(row["channel"]),
        Payer(row["payer"]),
        row["amount"],
        when(row["received_at"]),
        when(row["recorded_at"]),
        json.loads(row["months"]),
    )


def _cell(row: Mapping[str, Any]) -> tuple[Programme, ContributionMonth]:
    return Programme(row["programme"]), ContributionMonth.from_number(row["month"])
