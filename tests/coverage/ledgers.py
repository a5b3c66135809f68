# SPDX-License-Identifier: Apache-2.0
"""Payments for the tests of the ledger, and Hypothesis strategies that invent more."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from cardservice.coverage.ledger import Ledger, allocate
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import NamedMonth, Payment, Reversal
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.coverage.standing import ContributionBasis, Payer
from cardservice.coverage.terms import BasisFrom, MemberTerms
from tests.coverage.rules_2026 import RULES_2026
from tests.coverage.standings import bases, months

ALWAYS = datetime(2100, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """A moment on the clocks of Jakarta: ``2026-04-01 09:30``."""
    return datetime.fromisoformat(f"{text}+07:00")


def pays(
    name: str, when: str, amount: int, *named: NamedMonth, payer: Payer = Payer.SELF, known: str | None = None
) -> Payment:
    """A payment, known at once unless said otherwise."""
    return Payment(name, at(when), at(known or when), amount, payer, named, "test")


def pair(first: str | None = None, basis: ContributionBasis | None = None) -> MemberTerms:
    """Terms of a member of JKK and JKM who owes from ``first`` on."""
    began = None if first is None else ContributionMonth.parse(first)
    return MemberTerms.constant({Programme.JKK: began, Programme.JKM: began}, basis or ContributionBasis())


@dataclass(frozen=True)
class History:
    """All that the ledger of one member is made from."""

    payments: tuple[Payment, ...]
    reversals: tuple[Reversal, ...]
    terms: MemberTerms

    def ledger(self, knowledge_at: datetime = ALWAYS, rules: Rules = RULES_2026) -> Ledger:
        return allocate(self.payments, self.reversals, self.terms, rules, knowledge_at)

    def plus(self, *more: Payment) -> "History":
        return replace(self, payments=(*self.payments, *more))


moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - made aware by Hypothesis
    lambda moment: moment.replace(minute=0, second=0, microsecond=0)
)
amounts = st.one_of(
    st.integers(1, 90_000),
    st.integers(1, 12).map(lambda count: 8_400 * count),
    st.integers(1, 12).map(lambda count: 16_800 * count),
)
_joined = st.sampled_from(
    [
        {Programme.JKK, Programme.JKM},
        {Programme.JKK, Programme.JKM, Programme.JHT},
        {Programme.JKM},
    ]
)


@st.composite
def payments(draw: st.DrawFn, terms: MemberTerms, name: str) -> Payment:
    """One payment, late known at times; every third names months, at no less than their price."""
    received_at = draw(moments)
    named: tuple[NamedMonth, ...] = ()
    if draw(st.integers(0, 2)) == 0:
        cells = draw(st.sets(st.tuples(st.sampled_from(sorted(terms.joined)), months), min_size=1, max_size=5))
        named = tuple(
            NamedMonth(
                programme, month, max(RULES_2026.monthly_rupiah(programme, month, each.basis) for each in terms.bases)
            )
            for programme, month in sorted(cells)
        )
    amount = sum(each.amount for each in named) + draw(st.one_of(st.just(0), amounts) if named else amounts)
    delay = draw(st.sampled_from([timedelta(), timedelta(0), timedelta(hours=5), timedelta(days=40)]))
    return Payment(name, received_at, received_at + delay, amount, draw(st.sampled_from(Payer)), named, "test")


@st.composite
def member_terms(draw: st.DrawFn) -> MemberTerms:
    """Terms with a first month for every programme, and a basis that changes once at most."""
    joined = {programme: draw(months) for programme in draw(_joined)}
    first = BasisFrom(ContributionMonth(2025, 1), draw(bases))
    later = draw(st.lists(st.builds(BasisFrom, months, bases, moments), max_size=1))
    return MemberTerms(joined, (first, *later))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A member with up to eight payments, some of them taken back."""
    terms = draw(member_terms())
    made = tuple(draw(payments(terms, f"p{number}")) for number in range(draw(st.integers(0, 8))))
    taken_back = (
        draw(st.lists(st.sampled_from(made), max_size=2, unique_by=lambda each: each.payment_id)) if made else []
    )
    reversals = tuple(
        Reversal(each.payment_id, each.recorded_at + draw(st.sampled_from([timedelta(minutes=1), timedelta(days=90)])))
        for each in taken_back
    )
    return History(made, reversals, terms)
