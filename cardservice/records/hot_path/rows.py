# SPDX-License-Identifier: Apache-2.0
"""Rows of the hot path, from what a bare driver gives to the values of records."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cardservice.coverage.programme import Programme
from cardservice.records.challenges import Challenge
from cardservice.records.columns import programmes_of
from cardservice.records.errors import ConstraintRefused, VerificationConflict
from cardservice.records.standing import CardStanding, card_standing, standing_of_row

CHALLENGE_COLUMNS = (
    "challenge_id",
    "verifier_id",
    "terminal_id",
    "purpose",
    "programme",
    "service_date",
    "event_at",
    "nonce",
    "issued_at",
    "expires_at",
)
STANDING_COLUMNS = tuple(column.name for column in card_standing.columns)
VERIFICATION_COLUMNS = (
    "card_id",
    "receipt_id",
    "verifier_id",
    "challenge_id",
    "outcome",
    "programme",
    "as_of",
    "token_id",
    "leaf",
    "at",
)
EVENT_COLUMNS = ("at", "kind", "card_id", "member_id", "detail", "leaf")

_CONFLICTS = {
    "uq_verifications_challenge_id": "challenge",
    "uq_verifications_receipt_id": "receipt",
    "pk_verifications": "receipt",
    "uq_verifications_token_id": "token",
}


def named(columns: Iterable[str], table: str = "") -> str:
    """``table.column, ...`` for a statement."""
    return ", ".join(f"{table}.{column}" if table else column for column in columns)


def places(first: int, count: int) -> str:
    """``$first, ...``: PostgreSQL's placeholders."""
    return ", ".join(f"${number}" for number in range(first, first + count))


def challenge_of(row: Mapping[str, Any]) -> Challenge:
    """A challenge; times and dates are Python's already."""
    return Challenge(**{name: row[name] for name in CHALLENGE_COLUMNS} | {"programme": Programme(row["programme"])})


def standing_of(row: Mapping[str, Any]) -> CardStanding | None:
    """The standing beside a challenge; None where the join found none."""
    if row["card_id"] is None:
        return None
    values = {name: row[name] for name in STANDING_COLUMNS}
    values["programmes"] = programmes_of(row["programmes"])
    values["paid_spans"] = json.loads(row["paid_spans"])
    return standing_of_row(values)


def refusal_of(constraint: str) -> ConstraintRefused:
    """The typed error of a constraint's name."""
    field = _CONFLICTS.get(constraint)
    return ConstraintRefused(constraint=constraint) if field is None else VerificationConflict(field=field)
