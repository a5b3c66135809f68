# SPDX-License-Identifier: Apache-2.0
"""The answer to "is this member covered": a value that is falsy when not, and says why and what would cure it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from cardservice.coverage.civil_time import JAKARTA, civil_day
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme


class CoverState(StrEnum):
    """How a member stands in a programme at one moment."""

    NEVER = "NEVER"  # not joined, nothing paid, or nothing paid that had begun by then
    WAITING_LIMITED = "WAITING_LIMITED"  # covered, with the limited benefit of the first months
    ACTIVE = "ACTIVE"  # covered: the month is paid
    GRACE = "GRACE"  # covered: the month is not paid, and grace holds
    LAPSED = "LAPSED"  # not covered any more
    REINSTATED = "REINSTATED"  # covered: the month is paid, and cover came back after a lapse not long ago

    @property
    def is_covered(self) -> bool:
        """Whether this is a yes."""
        return self not in {CoverState.NEVER, CoverState.LAPSED}


class Reason(StrEnum):
    """Why a member is not covered, or not quite as others are. Words for each are in ``cardservice/texts/coverage.toml``."""

    PROGRAMME_NOT_JOINED = "PROGRAMME_NOT_JOINED"
    NEVER_PAID = "NEVER_PAID"
    NOT_YET_STARTED = "NOT_YET_STARTED"
    LAPSED = "LAPSED"
    PAID_AFTER_EVENT = "PAID_AFTER_EVENT"
    PAID_THAT_DAY = "PAID_THAT_DAY"  # on the day asked about, and nobody said at what time the event was
    NOT_STATED = "NOT_STATED"  # the card, read offline, does not tell
    IN_GRACE = "IN_GRACE"
    LIMITED_BENEFIT = "LIMITED_BENEFIT"
    REINSTATED = "REINSTATED"

    @property
    def is_refusal(self) -> bool:
        """Whether it is a reason for a no."""
        return self not in {Reason.IN_GRACE, Reason.LIMITED_BENEFIT, Reason.REINSTATED}

    @property
    def text_code(self) -> str:
        """Its entry in the catalogue of texts."""
        prefix = "not-covered-" if self.is_refusal else "covered-"
        return prefix + self.value.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class MonthDue:
    """One month of one programme to be paid, in whole rupiah; None where the price is not known (offline)."""

    programme: Programme
    month: ContributionMonth
    amount_rupiah: int | None


@dataclass(frozen=True, slots=True)
class Cure:
    """What brings cover back, or keeps it: exactly these months, paid by ``pay_until``. Cover returns when the money arrives, never before.

    ``restores_from`` is the earliest such day, ``restores_through`` the last day covered by it, grace included; ``restores`` and
    ``restores_benefit_limit`` are the state and the limit on that day. ``credit_rupiah`` is money of the member's own that pays its part.
    """

    dues: tuple[MonthDue, ...]
    pay_until: date
    restores_from: date
    restores_through: date
    restores: CoverState = CoverState.ACTIVE
    restores_benefit_limit: int | None = None
    credit_rupiah: int = 0

    @property
    def amount_rupiah(self) -> int | None:
        """What is to be paid, in one sum that need not say for what: all ``dues``, less the credit. None if any price is unknown."""
        total = -self.credit_rupiah
        for due in self.dues:
            if due.amount_rupiah is None:
                return None
            total += due.amount_rupiah
        return max(total, 0)

    @property
    def months(self) -> tuple[ContributionMonth, ...]:
        """The months to pay, each once, in order."""
        return tuple(sorted({due.month for due in self.dues}))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a member stood in ``programme`` at ``moment`` (aware). Truthy when covered.

    ``state`` is None where a card that is read offline does not tell. ``paid_through`` is the last month of the paid run that counts;
    ``until`` the last day covered if nothing more is paid, grace included. ``benefit_limit`` is the most that the programme pays, whole rupiah:
    0 if not covered, None where there is no limit or it is not known. ``reasons`` begin with the one that matters most. ``paid_at`` is when the
    money came that was too late. ``cure`` is None where no payment helps or none is needed.
    """

    programme: Programme
    moment: datetime
    state: CoverState | None
    paid_through: ContributionMonth | None = None
    until: date | None = None
    benefit_limit: int | None = 0
    reasons: tuple[Reason, ...] = ()
    paid_at: datetime | None = None
    cure: Cure | None = None

    def __bool__(self) -> bool:
        return self.state is not None and self.state.is_covered

    @property
    def as_of(self) -> date:
        """The civil day of the moment."""
        return civil_day(self.moment)

    @property
    def paid_until(self) -> date | None:
        """The last day of the last paid month, before grace begins."""
        return None if self.paid_through is None else self.paid_through.last_day

    @property
    def reason(self) -> Reason | None:
        """The reason that matters most; None where nothing has to be said."""
        return self.reasons[0] if self.reasons else None

    @property
    def text_code(self) -> str | None:
        """The entry in the catalogue of texts: the reason's, or a variant where the cure has no price or none is needed any more."""
        if self.reason not in {Reason.NEVER_PAID, Reason.NOT_YET_STARTED, Reason.LAPSED}:
            return None if self.reason is None else self.reason.text_code
        if self.cure is None:
            return "not-covered-then"
        return self.reason.text_code if self.cure.amount_rupiah is not None else "not-covered-unpriced"

    @property
    def evidence(self) -> Mapping[str, str]:
        """What fills the words of ``text_code``; names without a value are left out."""
        facts: dict[str, object] = {
            "programme": self.programme,
            "as_of": self.as_of,
            "event_at": self.paid_at and clock_time(self.moment),
            "paid_at": self.paid_at and clock_time(self.paid_at),
            "until": self.until,
            "benefit_rupiah": _rupiah(self.benefit_limit) if self else None,
            "paid_through": self.paid_through,
            "months_due": self.cure and len(self.cure.months),
            "pay_until": self.cure and self.cure.pay_until,
            "amount_rupiah": self.cure and _rupiah(self.cure.amount_rupiah),
        }
        return {name: str(value) for name, value in facts.items() if value is not None}


def clock_time(moment: datetime) -> str:
    """A moment as people in Indonesia read it: ``2026-11-20 10:30:00 WIB``."""
    return moment.astimezone(JAKARTA).strftime("%Y-%m-%d %H:%M:%S WIB")


def _rupiah(amount: int | None) -> str | None:
    return None if amount is None else f"{amount:,}".replace(",", ".")
