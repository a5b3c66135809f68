# SPDX-License-Identifier: Apache-2.0
"""A member as the books had them at any moment: payments, reversals and imported months, each with the time at which we came to know.

The books are written anew with every payment and every reversal, and a list adds months in between. What was known at a moment is therefore
the ledger of the last of those that was known then, and the imported months and the terms known then.
"""

from dataclasses import dataclass
from datetime import datetime

from cardservice.collection.member_ledger import bought_months, history_payments, is_history, read_ledger
from cardservice.coverage.account import Account
from cardservice.coverage.ledger import Ledger
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.paid_months import PaidMonths
from cardservice.coverage.payment import Payment, Reversal
from cardservice.coverage.rules import Rules
from cardservice.coverage.standing import Standing
from cardservice.enrolment.member_terms import programmes_of, terms_of
from cardservice.records import member_months
from cardservice.records.connection import Connection
from cardservice.records.member_months import MemberMonth
from cardservice.records.members import Member
from cardservice.records.paid_spans import spans_of


@dataclass(frozen=True, slots=True)
class MemberPast:
    """``imported`` are the months that lists brought in. It is a member that cover can be decided for."""

    payments: tuple[Payment, ...]
    reversals: tuple[Reversal, ...]
    imported: tuple[MemberMonth, ...]
    member: Member
    packs: PacksInForce

    def ledger(self, moment: datetime) -> Ledger | None:
        """As the books had it at an aware moment; None where no money had come yet. Raises UnknownTariff."""
        written = [each.recorded_at for each in self.payments] + [each.reversed_at for each in self.reversals]
        last = max((each for each in written if each <= moment), default=None)
        if last is None:
            return None
        undone = {each.payment_id for each in self.reversals if each.reversed_at <= last}
        kept = [
            each.recorded_at for each in self.payments if each.recorded_at <= last and each.payment_id not in undone
        ]
        history = history_payments(self.imported_by(last), min(kept, default=None))
        account = Account((*history, *self.payments), self.reversals, terms_of(self.member, last))
        return account.ledger(last, self.packs.at(last))

    def imported_by(self, moment: datetime) -> tuple[MemberMonth, ...]:
        """The months that lists had brought in by then."""
        return tuple(each for each in self.imported if each.recorded_at <= moment)

    def months(self, moment: datetime) -> tuple[MemberMonth, ...]:
        """Every month paid, as it was known at a moment: when its money came, and when we came to know."""
        ledger = self.ledger(moment)
        bought = () if ledger is None else bought_months(ledger, self.payments)
        return tuple(sorted((*self.imported_by(moment), *bought), key=lambda each: (each.month, each.programme)))

    def known_at(self, moment: datetime, rule_pack: Rules) -> Standing:  # noqa: ARG002 - Member's; the books keep the pack of their own time
        """The standing at a moment, as ``card_standing`` had it then."""
        paid, ledger = spans_of(self.months(moment)), self.ledger(moment)
        return Standing(
            {programme: paid.get(programme, PaidMonths()) for programme in sorted(programmes_of(self.member, moment))},
            terms_of(self.member, moment),
            0 if ledger is None else ledger.credit,
            {} if ledger is None else ledger.owed_from,
        )


def read_past(connection: Connection, member: Member, packs: PacksInForce) -> MemberPast:
    """Everything that was ever paid for a member."""
    known = read_ledger(connection, member)
    months = member_months.of_member(connection, member.member_id)
    return MemberPast(
        tuple(each for each in known.payments if not is_history(each.payment_id)),
        known.reversals,
        tuple(each for each in months if (each.programme, each.month) not in known.bought),
        member,
        packs,
    )
