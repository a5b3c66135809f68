# SPDX-License-Identifier: Apache-2.0
"""What was paid for a member and what a month costs them: the columns that every face of the member's cards carries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cardservice.coverage.civil_time import month_at
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import ContributionBasis, PaidMonths, Payer, Standing, WorkSector
from cardservice.coverage.terms import BasisFrom, MemberTerms
from cardservice.records.member_account import MemberAccount
from cardservice.records.paid_spans import spans_from_json, spans_to_json


@dataclass(frozen=True, slots=True)
class PaidRecord:
    """``paid`` has the spans, gaps and moments of payment that decisions are made from; ``full_monthly_*`` None is the lowest band's price.

    ``bases`` is there where sector, payer or band ever changed: debts keep the price of their own month.
    """

    programmes: frozenset[Programme]
    paid: Mapping[Programme, PaidMonths]
    work_sector: WorkSector
    payer: Payer
    full_monthly_jkk: int | None = None
    full_monthly_jht: int | None = None
    account: MemberAccount = field(default_factory=MemberAccount)
    bases: tuple[BasisFrom, ...] = ()

    def paid_through(self, programme: Programme) -> int | None:
        """The last paid month, YYYYMM, gaps or not."""
        spans = self.paid.get(programme, PaidMonths()).spans
        return max((span.last.number for span in spans), default=None)

    def stated_through(self, at: datetime) -> dict[int, int]:
        """Programme number -> YYYYMM for a cover proof made at a moment: the end of the run of paid months that reaches the moment's month.

        A month paid ahead behind a gap is left out: a proof tells one month, and who reads it takes everything before for paid.
        """
        stated: dict[int, int] = {}
        for programme in sorted(self.programmes):
            known = self.paid.get(programme, PaidMonths()).arrived_by(at)
            last = known.last_up_to(month_at(at))
            if last is not None:
                stated[programme.number] = known.run_end(last).number
        return stated

    def for_coverage(self) -> Standing:
        """The value that ``coverage.decide.coverage`` takes."""
        known = {Programme.JKK: self.full_monthly_jkk, Programme.JHT: self.full_monthly_jht}
        full_monthly = {programme: rupiah for programme, rupiah in known.items() if rupiah is not None}
        return Standing(
            {programme: self.paid.get(programme, PaidMonths()) for programme in sorted(self.programmes)},
            MemberTerms({}, self.bases)
            if self.bases
            else ContributionBasis(self.work_sector, self.payer, full_monthly),
            self.account.credit,
            self.account.owed_from,
        )

    def columns(self) -> dict[str, Any]:
        """As columns of card_standing."""
        return {
            "programmes": self.programmes,
            "paid_through_jkk": self.paid_through(Programme.JKK),
            "paid_through_jkm": self.paid_through(Programme.JKM),
            "paid_through_jht": self.paid_through(Programme.JHT),
            "paid_spans": spans_to_json(self.paid, self.account, self.bases),
            "work_sector": self.work_sector,
            "payer": self.payer,
            "full_monthly_jkk": self.full_monthly_jkk,
            "full_monthly_jht": self.full_monthly_jht,
        }

    @classmethod
    def of_columns(cls, row: Mapping[str, Any]) -> "PaidRecord":
        """The inverse of columns()."""
        paid, account, bases = spans_from_json(row["paid_spans"])
        return cls(
            programmes=row["programmes"],
            paid=paid,
            work_sector=WorkSector(row["work_sector"]),
            payer=Payer(row["payer"]),
            full_monthly_jkk=row["full_monthly_jkk"],
            full_monthly_jht=row["full_monthly_jht"],
            account=account,
            bases=bases,
        )
