# SPDX-License-Identifier: Apache-2.0
"""A member's account: all payments, reversals and terms, whenever they became known. What a question about the past is decided from."""

from dataclasses import dataclass
from datetime import datetime

from cardservice.coverage.ledger import Ledger, allocate
from cardservice.coverage.paid_months import PaidMonths
from cardservice.coverage.payment import Payment, Reversal
from cardservice.coverage.rules import Rules
from cardservice.coverage.standing import Standing
from cardservice.coverage.terms import MemberTerms


@dataclass(frozen=True, slots=True)
class Account:
    """Whatever is added to it later: an answer about what was known before stays the same."""

    payments: tuple[Payment, ...]
    reversals: tuple[Reversal, ...]
    terms: MemberTerms

    def ledger(self, moment: datetime, rule_pack: Rules) -> Ledger:
        """The ledger as known at ``moment`` (aware). Raises what allocate() raises."""
        return allocate(self.payments, self.reversals, self.terms, rule_pack, moment)

    def known_at(self, moment: datetime, rule_pack: Rules) -> Standing:
        """The standing as known at ``moment`` (aware). Raises what allocate() raises."""
        ledger = self.ledger(moment, rule_pack)
        paid = {
            programme: PaidMonths.of_arrivals(
                (month, arrived_at) for (each, month), arrived_at in ledger.paid.items() if each is programme
            )
            for programme in self.terms.joined
        }
        return Standing(paid, self.terms.known_at(moment), ledger.credit, ledger.owed_from)
