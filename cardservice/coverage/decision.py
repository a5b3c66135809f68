# SPDX-License-Identifier: Apache-2.0
"""The answer to "is this member covered": a value that is falsy when not, and says why and what would cure it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme


class CoverState(StrEnum):
    """How a covered member stands."""

    ACTIVE = "ACTIVE"  # the month is paid
    GRACE = "GRACE"  # the month is not paid, and cover still holds


class Reason(StrEnum):
    """Why a member is not covered. Words for each are in ``cardservice/texts/coverage.toml``."""

    PROGRAMME_NOT_JOINED = "PROGRAMME_NOT_JOINED"
    NEVER_PAID = "NEVER_PAID"
    NOT_YET_STARTED = "NOT_YET_STARTED"
    LAPSED = "LAPSED"
    PAID_AFTER_EVENT = "PAID_AFTER_EVENT"
    NOT_STATED = "NOT_STATED"  # the card, read offline, does not tell

    @property
    def text_code(self) -> str:
        """Its entry in the catalogue of texts."""
        return "not-covered-" + self.value.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class MonthDue:
    """One month of one programme to be paid, in whole rupiah; None where the price is not known (offline)."""

    programme: Programme
    month: ContributionMonth
    amount_rupiah: int | None


@dataclass(frozen=True, slots=True)
class Cure:
    """What brings cover back: exactly these months, paid by ``pay_until``. Cover returns on the day of payment, never before.

    ``restores_from`` is the earliest such day, ``restores_through`` the last day covered by it, grace included. ``amount_rupiah`` is the sum
    over all months due, with the programmes that are only sold together; None where prices are not known.
    """

    dues: tuple[MonthDue, ...]
    pay_until: date
    restores_from: date
    restores_through: date

    @property
    def amount_rupiah(self) -> int | None:
        """The whole sum, or None if any price is unknown."""
        total = 0
        for due in self.dues:
            if due.amount_rupiah is None:
                return None
            total += due.amount_rupiah
        return total

    @property
    def months(self) -> tuple[ContributionMonth, ...]:
        """The months to pay, each once, in order."""
        return tuple(sorted({due.month for due in self.dues}))


@dataclass(frozen=True, slots=True)
class Covered:
    """Covered on ``as_of``. ``until`` is the last day covered if nothing more is paid: the end of grace after the last paid month."""

    programme: Programme
    as_of: date
    state: CoverState
    paid_through: ContributionMonth
    until: date

    def __bool__(self) -> bool:
        return True

    @property
    def paid_until(self) -> date:
        """The last day of the last paid month, before grace begins."""
        return self.paid_through.last_day


@dataclass(frozen=True, slots=True)
class NotCovered:
    """Not covered on ``as_of``. ``cure`` is None where no payment helps or none can be told."""

    programme: Programme
    as_of: date
    reason: Reason
    paid_through: ContributionMonth | None = None
    cure: Cure | None = None

    def __bool__(self) -> bool:
        return False

    @property
    def text_code(self) -> str:
        """The entry in the catalogue of texts: the reason's, or a variant where the cure has no price or none is needed any more."""
        if self.reason not in {Reason.NEVER_PAID, Reason.NOT_YET_STARTED, Reason.LAPSED}:
            return self.reason.text_code
        if self.cure is None:
            return "not-covered-then"
        return self.reason.text_code if self.cure.amount_rupiah is not None else "not-covered-unpriced"

    @property
    def evidence(self) -> Mapping[str, str]:
        """What fills the words of ``text_code``; names without a value are left out."""
        facts: dict[str, object] = {
            "programme": self.programme,
            "as_of": self.as_of,
            "paid_through": self.paid_through,
            "months_due": self.cure and len(self.cure.months),
            "pay_until": self.cure and self.cure.pay_until,
            "amount_rupiah": self.cure and self.cure.amount_rupiah and f"{self.cure.amount_rupiah:,}".replace(",", "."),
        }
        return {name: str(value) for name, value in facts.items() if value is not None}


Decision = Covered | NotCovered
