# SPDX-License-Identifier: Apache-2.0
"""``virtualAccountTrxType``: which amounts a bill can be paid with (ASPI, virtual account, the table of types)."""

from enum import StrEnum

from cardservice.collection.errors import AmountRefused, NothingDue


class BillType(StrEnum):
    """The letters of the standard."""

    CLOSED = "C"
    OPEN = "O"
    PARTIAL = "I"
    MINIMUM_ONCE = "M"
    LIMIT = "L"
    OPEN_MINIMUM = "N"
    OPEN_MAXIMUM = "X"

    @property
    def sells_ahead(self) -> bool:
        """Whether months that are not due yet can be paid through it: irregular earners pay when they have the money."""
        return self in {BillType.OPEN, BillType.MINIMUM_ONCE, BillType.OPEN_MINIMUM}


def require_open(kind: BillType, *, due: int, ceiling: int, month: str) -> None:
    """Raises NothingDue where nothing is owed and nothing is sold ahead, or a year ahead is paid already."""
    if due == 0 and (ceiling == 0 or not kind.sells_ahead):
        raise NothingDue(month=month)


def require_payable(kind: BillType, *, rupiah: int, due: int, one_month: int, ceiling: int, month: str) -> None:
    """Raises NothingDue or AmountRefused unless ``rupiah`` can be paid.

    ``due`` is the whole bill, ``one_month`` the least that buys anything (the oldest unpaid month, all its programmes), ``ceiling`` the
    bill and a year ahead. C: exactly the bill; I, L, X: up to the bill; M, N: at least a month; O: anything. Nothing passes the ceiling.
    """
    require_open(kind, due=due, ceiling=ceiling, month=month)
    least, most = {
        BillType.CLOSED: (due, due),
        BillType.PARTIAL: (1, due),
        BillType.LIMIT: (1, due),
        BillType.OPEN_MAXIMUM: (1, due),
        BillType.MINIMUM_ONCE: (one_month, ceiling),
        BillType.OPEN_MINIMUM: (one_month, ceiling),
        BillType.OPEN: (1, ceiling),
    }[kind]
    if not least <= rupiah <= most:
        raise AmountRefused(least=least, most=most)
