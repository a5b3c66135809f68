# SPDX-License-Identifier: Apache-2.0
"""What a member's ledger leaves besides paid months: credit, and the first month owed in each programme. One row per member."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Connection, ForeignKey, Integer, Table, bindparam, select

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.records.columns import Identifier, metadata, month_in
from cardservice.records.constraints import refusing_for_good
from cardservice.records.insert import INSERT

member_account = Table(
    "member_account",
    metadata,
    Column("member_id", Identifier, ForeignKey("members.member_id"), primary_key=True),
    Column("credit", BigInteger, nullable=False),
    Column("owed_from_jkk", Integer, nullable=True),
    Column("owed_from_jkm", Integer, nullable=True),
    Column("owed_from_jht", Integer, nullable=True),
    CheckConstraint("credit >= 0", name="credit_not_negative"),
    month_in("owed_from_jkk"),
    month_in("owed_from_jkm"),
    month_in("owed_from_jht"),
)


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """``credit`` in whole rupiah. A programme without a first month owed is owed from what follows its last paid month."""

    credit: int = 0
    owed_from: Mapping[Programme, ContributionMonth] = field(default_factory=dict)


_OF_MEMBER = select(member_account).where(member_account.c.member_id == bindparam("member"))
_SET = [column.name for column in member_account.columns if not column.primary_key]
_KEEP = {
    dialect: insert(member_account).on_conflict_do_update(
        index_elements=["member_id"], set_={name: insert(member_account).excluded[name] for name in _SET}
    )
    for dialect, insert in INSERT.items()
}


def keep(connection: Connection, member_id: str, account: MemberAccount) -> None:
    """Write a member's account anew. Raises ConstraintRefused for a member that is not there, which ends the transaction."""
    keep_all(connection, [(member_id, account)])


def keep_all(connection: Connection, accounts: Sequence[tuple[str, MemberAccount]]) -> None:
    """As keep(), of different members."""
    with refusing_for_good({}):
        connection.execute(_KEEP[connection.dialect.name], [_values(*each) for each in accounts])


def _values(member_id: str, account: MemberAccount) -> dict[str, str | int | None]:
    values: dict[str, str | int | None] = {"member_id": member_id, "credit": account.credit}
    for programme in Programme:
        month = account.owed_from.get(programme)
        values[_column(programme)] = None if month is None else month.number
    return values


def of_member(connection: Connection, member_id: str) -> MemberAccount:
    """A member's account; of one whose payments no ledger has seen, an empty one."""
    row = connection.execute(_OF_MEMBER, {"member": member_id}).mappings().one_or_none()
    return MemberAccount() if row is None else account_of_row(row)


def account_of_row(row: Mapping[Any, Any]) -> MemberAccount:
    """A row of the table as a value."""
    owed = {programme: row[_column(programme)] for programme in Programme}
    return MemberAccount(
        row["credit"],
        {programme: ContributionMonth.from_number(month) for programme, month in owed.items() if month is not None},
    )


def _column(programme: Programme) -> str:
    return f"owed_from_{programme.value.lower()}"
