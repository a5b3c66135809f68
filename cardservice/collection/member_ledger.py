# SPDX-License-Identifier: Apache-2.0
"""One member's ledger out of the records: payments, reversals and imported history in; what they bought, and what is due, out.

Months that a member list brought in (``member_months`` without an allocation) are history that names its months: they keep their amounts and
days, and what follows them is owed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter

from cardservice.coverage.ledger import Allocation, Ledger, allocate
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import NamedMonth, Payment, ProgrammeMonth, Reversal
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.coverage.terms import MemberTerms
from cardservice.enrolment.member_terms import terms_of
from cardservice.enrolment.refresh_standing import paid_record_of
from cardservice.records import paid_cells, payments
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.ledger_change import LedgerChange
from cardservice.records.member_account import MemberAccount
from cardservice.records.member_months import MemberMonth
from cardservice.records.members import Member
from cardservice.records.payment_allocations import AllocationRow
from cardservice.records.payments import PaymentRow

HISTORY = "history"
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
_CELL = attrgetter("programme", "month")


@dataclass(frozen=True, slots=True)
class MemberLedger:
    """What was paid for one member, as the records have it now.

    ``rows`` are the payments as they are kept, ``parts`` what they bought, ``months`` every paid month, and ``bought`` the cells of these that
    were paid through payments: what is written afterwards is the difference to them.
    """

    member: Member
    payments: tuple[Payment, ...]
    reversals: tuple[Reversal, ...]
    terms: MemberTerms
    bought: frozenset[ProgrammeMonth]
    rows: tuple[PaymentRow, ...] = ()
    parts: tuple[AllocationRow, ...] = ()
    months: tuple[MemberMonth, ...] = ()

    def allocated(self, rules: Rules, at: datetime, *more: Payment) -> Ledger:
        """The ledger as known at a moment, with payments that may come."""
        return allocate((*self.payments, *more), self.reversals, self.terms, rules, at)

    def with_payment(self, row: PaymentRow) -> "MemberLedger":
        """The ledger with one payment more."""
        return replace(self, payments=(*self.payments, as_payment(row)))

    def with_reversal(self, payment_id: str, at: datetime) -> "MemberLedger":
        """The ledger with one payment taken back."""
        return replace(self, reversals=(*self.reversals, Reversal(payment_id, at)))


def read_ledger(connection: Connection, member: Member) -> MemberLedger:
    """Read everything that was paid for a member. Lock the member first where something is to be added."""
    rows = payments.of_member(connection, member.member_id)
    return ledger_of(member, rows, *paid_cells.of_member(connection, member.member_id))


def read_ledgers(connection: Connection, whose: Mapping[str, Member]) -> Mapping[str, MemberLedger]:
    """As read_ledger(), of some hundreds of members by identifier."""
    rows, cells = payments.of_members(connection, whose), paid_cells.of_members(connection, whose)
    return {each: ledger_of(member, rows[each], *cells[each]) for each, member in whose.items()}


def ledger_of(
    member: Member,
    rows: Sequence[tuple[PaymentRow, datetime | None]],
    months: tuple[MemberMonth, ...],
    parts: tuple[AllocationRow, ...],
) -> MemberLedger:
    """The same of what was read already. ``rows``: each payment with the moment at which we came to know of its reversal."""
    bought = {(each.programme, each.month) for each in parts}
    history = [each for each in months if (each.programme, each.month) not in bought]
    return MemberLedger(
        member,
        (*history_payments(history, _first_known(rows)), *(as_payment(row) for row, _ in rows)),
        tuple(Reversal(row.payment_id, known_at) for row, known_at in rows if known_at is not None),
        terms_of(member),
        frozenset((each.programme, each.month) for each in months if (each.programme, each.month) in bought),
        tuple(row for row, _ in rows),
        parts,
        months,
    )


def change_to(known: MemberLedger, ledger: Ledger, at: datetime) -> LedgerChange:
    """What brings allocations, paid months, account and every face of the member's cards from what was read up to the ledger of ``known``.

    What a list brought in is left alone.
    """
    parts = [each for each in ledger.allocations if not is_history(each.payment_id)]
    months = bought_months(ledger, known.payments)
    history = [each for each in known.months if (each.programme, each.month) not in known.bought]
    account = MemberAccount(ledger.credit, ledger.owed_from)
    return LedgerChange.between(
        known.member.member_id,
        (known.parts, [AllocationRow(each.payment_id, each.programme, each.month, each.amount) for each in parts]),
        ([each for each in known.months if (each.programme, each.month) in known.bought], months),
        account=account,
        paid=paid_record_of(known.member, sorted([*history, *months], key=_CELL), account),
        at=at,
    )


def bought_months(ledger: Ledger, payments: Sequence[Payment]) -> tuple[MemberMonth, ...]:
    """The months that payments bought: known since the last payment that a month needed."""
    recorded_at = {each.payment_id: each.recorded_at for each in payments}
    parts: dict[ProgrammeMonth, list[Allocation]] = {}
    for each in ledger.allocations:
        if not is_history(each.payment_id):
            parts.setdefault((each.programme, each.month), []).append(each)
    found = []
    for cell, own in sorted(parts.items()):
        amount, known_since = sum(each.amount for each in own), max(recorded_at[each.payment_id] for each in own)
        found.append(MemberMonth(*cell, amount, received_at=ledger.paid[cell], recorded_at=known_since))
    return tuple(found)


def as_payment(row: PaymentRow) -> Payment:
    """A row as the ledger takes it."""
    return Payment(
        row.payment_id,
        row.received_at,
        row.recorded_at,
        row.amount,
        row.payer,
        named_months(row.months),
        row.channel.value,
    )


def months_document(months: Sequence[NamedMonth]) -> Json:
    """Named months as a payment's row keeps them."""
    return [[each.programme.value, each.month.number, each.amount] for each in months]


def named_months(document: Json) -> tuple[NamedMonth, ...]:
    """The inverse of months_document()."""
    found = []
    for each in document if isinstance(document, list) else ():
        assert isinstance(each, list)
        programme, month, amount = each
        assert isinstance(month, int)
        assert isinstance(amount, int)
        found.append(NamedMonth(Programme(str(programme)), ContributionMonth.from_number(month), amount))
    return tuple(found)


def parts_of(ledger: Ledger, payment_id: str) -> tuple[Allocation, ...]:
    """What one payment bought, in order of months."""
    own = [each for each in ledger.allocations if each.payment_id == payment_id]
    return tuple(sorted(own, key=lambda each: (each.month, each.programme)))


def history_payments(months: Sequence[MemberMonth], first_payment: datetime | None) -> tuple[Payment, ...]:
    """Months that lists brought in, as payments that name them: what was known when the first payment came, as one, and what was learned later.

    Only the first says from which month on a member owes (``ledger.owed_from``): a list of old months that comes after a payment makes no debts.
    """
    known = [each for each in months if first_payment is None or each.recorded_at <= first_payment]
    later = [each for each in months if each not in known]
    parts = [(HISTORY, _BEFORE_ALL, known)] + [
        (f"{HISTORY} {at.isoformat()}", at, [each for each in later if each.recorded_at == at])
        for at in sorted({each.recorded_at for each in later})
    ]
    return tuple(_naming(name, at, part) for name, at, part in parts if part)


def is_history(payment_id: str) -> bool:
    """Whether a payment in a ledger stands for months that a list brought in. Payments' own names are 32 hexadecimal digits."""
    return payment_id.startswith(HISTORY)


def _naming(name: str, recorded_at: datetime, months: Sequence[MemberMonth]) -> Payment:
    named = tuple(NamedMonth(each.programme, each.month, each.amount) for each in months)
    return Payment(name, _BEFORE_ALL, recorded_at, sum(each.amount for each in named), months=named)


def _first_known(rows: Sequence[tuple[PaymentRow, datetime | None]]) -> datetime | None:
    return min((row.recorded_at for row, reversed_at in rows if reversed_at is None), default=None)
