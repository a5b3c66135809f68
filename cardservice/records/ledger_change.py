# SPDX-License-Identifier: Apache-2.0
"""What a payment or reversal changes in the books of one member, or of many at once: the difference to what was read under the member's lock, and what is kept beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cardservice.records import member_account, member_months, payment_allocations, standing
from cardservice.records.connection import Connection
from cardservice.records.member_account import MemberAccount
from cardservice.records.member_months import MemberMonth
from cardservice.records.paid_record import PaidRecord
from cardservice.records.payment_allocations import AllocationRow


@dataclass(frozen=True, slots=True)
class LedgerChange:
    """Only rows that differ. ``paid`` goes to every face of the member's cards; ``at`` is when."""

    member_id: str
    parts_gone: tuple[AllocationRow, ...]
    parts_new: tuple[AllocationRow, ...]
    months_gone: tuple[MemberMonth, ...]
    months_new: tuple[MemberMonth, ...]
    account: MemberAccount
    paid: PaidRecord
    at: datetime

    @classmethod
    def between(
        cls,
        member_id: str,
        parts: tuple[Iterable[AllocationRow], Iterable[AllocationRow]],
        months: tuple[Iterable[MemberMonth], Iterable[MemberMonth]],
        *,
        account: MemberAccount,
        paid: PaidRecord,
        at: datetime,
    ) -> Self:
        """``parts`` and ``months``: as they were read, and as they are to be."""
        old_parts, new_parts = (set(each) for each in parts)
        old_months, new_months = (set(each) for each in months)
        return cls(
            member_id,
            _parts_in_order(old_parts - new_parts),
            _parts_in_order(new_parts - old_parts),
            _months_in_order(old_months - new_months),
            _months_in_order(new_months - old_months),
            account,
            paid,
            at,
        )


def write(connection: Connection, change: LedgerChange) -> None:
    """Allocations, paid months, account, and every face of the member's cards. The member has been locked since before the rows were read."""
    write_all(connection, [change])


def write_all(connection: Connection, changes: Sequence[LedgerChange]) -> None:
    """As write(), of different members, in as few statements as of one."""
    payment_allocations.change(
        connection,
        [(change.member_id, each) for change in changes for each in change.parts_gone],
        [(change.member_id, each) for change in changes for each in change.parts_new],
    )
    member_months.change_bought(
        connection,
        [(change.member_id, each) for change in changes for each in change.months_gone],
        [(change.member_id, each) for change in changes for each in change.months_new],
    )
    member_account.keep_all(connection, [(change.member_id, change.account) for change in changes])
    standing.set_paid_all(connection, [(change.member_id, change.paid, change.at) for change in changes])


def _parts_in_order(rows: Iterable[AllocationRow]) -> tuple[AllocationRow, ...]:
    return tuple(sorted(rows, key=lambda each: (each.month, each.programme, each.payment_id)))


def _months_in_order(rows: Iterable[MemberMonth]) -> tuple[MemberMonth, ...]:
    return tuple(sorted(rows, key=lambda each: (each.programme, each.month)))
