# SPDX-License-Identifier: Apache-2.0
"""The cure: exact months, exact rupiah, and what it restores."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from cardservice.coverage.account import Account
from cardservice.coverage.decision import CoverState, Cure
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Arrears, Rules
from cardservice.coverage.standing import ContributionBasis, Payer, Standing, WorkSector
from tests.coverage.ledgers import at, pair, pays
from tests.coverage.rules_2026 import RULES_2026, coverage
from tests.coverage.standings import base_pair, member, month

_NOW = at("2026-11-23 15:00")


def _cure(
    standing: Standing, programme: Programme = Programme.JKK, *, now: datetime = _NOW, rules: Rules = RULES_2026
) -> Cure:
    answer = coverage(standing, programme, now, rule_pack=rules)
    assert not answer
    assert answer.cure is not None
    return answer.cure


def test_a_lapsed_base_pair_pays_every_unpaid_month_of_both_at_its_own_price() -> None:
    # Last paid 2026-01; due 2026-02 and -03 in full (16,800), 2026-04 to -11 at half (8,400).
    cure = _cure(base_pair("2026-01"))
    assert cure.amount_rupiah == 2 * 16_800 + 8 * 8_400 == 100_800
    assert cure.months == month("2026-02").up_to(month("2026-11"))
    assert (cure.restores_from, cure.pay_until, cure.restores_through) == (
        _NOW.date(),
        date(2026, 11, 30),
        date(2027, 2, 28),
    )


def test_the_cure_says_what_it_restores() -> None:
    cure = _cure(base_pair("2026-01"))
    assert (cure.restores, cure.restores_benefit_limit) == (CoverState.REINSTATED, None)
    cure = _cure(base_pair("2026-01"), Programme.JKM)
    assert (cure.restores, cure.restores_benefit_limit) == (CoverState.WAITING_LIMITED, 10_000_000)
    cure = _cure(base_pair())
    assert (cure.restores, cure.restores_through) == (CoverState.ACTIVE, date(2027, 2, 28))


def test_in_grace_the_cure_keeps_cover_from_lapsing() -> None:
    answer = coverage(base_pair("2026-09"), Programme.JKK, _NOW)
    assert answer
    assert answer.cure is not None
    assert (answer.cure.amount_rupiah, answer.cure.restores) == (2 * 8_400, CoverState.ACTIVE)
    assert coverage(base_pair("2026-11"), Programme.JKK, _NOW).cure is None


@pytest.mark.parametrize(
    ("basis", "amount"),
    [
        (ContributionBasis(WorkSector.TRANSPORT), 10 * 8_400),
        (ContributionBasis(WorkSector.TRANSPORT, Payer.APBD), 10 * 16_800),
        (ContributionBasis(full_monthly={Programme.JKK: 20_000}), 2 * 26_800 + 8 * 13_400),
        (None, None),
    ],
)
def test_the_price_follows_the_member(basis: ContributionBasis | None, amount: int | None) -> None:
    assert _cure(base_pair("2026-01", basis=basis)).amount_rupiah == amount


def test_old_age_savings_are_cured_alone() -> None:
    cure = _cure(member("2026-07", programme=Programme.JHT), Programme.JHT)
    assert cure.amount_rupiah == 4 * 20_000
    assert {due.programme for due in cure.dues} == {Programme.JHT}


def test_who_never_paid_pays_this_month() -> None:
    cure = _cure(base_pair())
    assert (cure.months, cure.amount_rupiah) == ((month("2026-11"),), 8_400)


def test_the_other_half_of_the_pair_pays_only_what_it_owes() -> None:
    standing = base_pair("2026-01")
    standing = standing.with_payment(Programme.JKM, month("2026-02").up_to(month("2026-11")), at("2026-11-01 08:00"))
    cure = _cure(standing)
    assert {due.programme for due in cure.dues} == {Programme.JKK}


def test_one_month_later_the_amount_is_one_month_more() -> None:
    november, december = _cure(base_pair("2026-01")), _cure(base_pair("2026-01"), now=at("2026-12-01 00:00"))
    assert november.amount_rupiah is not None
    assert december.amount_rupiah == november.amount_rupiah + 8_400


def test_a_rule_pack_can_ask_for_the_current_month_only() -> None:
    lenient = replace(RULES_2026, arrears=Arrears.CURRENT_MONTH_ONLY)
    assert _cure(base_pair("2026-01"), rules=lenient).amount_rupiah == 8_400


def test_a_past_event_is_not_cured_but_cover_from_now_on_is() -> None:
    answer = coverage(base_pair("2026-01"), Programme.JKK, at("2026-09-01 08:00"), knowledge_at=_NOW)
    assert not answer
    assert answer.cure is not None
    assert answer.cure.restores_from == _NOW.date()
    assert answer.cure.months[-1] == month("2026-11")


def test_for_a_day_ahead_the_cure_pays_up_to_it() -> None:
    answer = coverage(base_pair("2026-11"), Programme.JKK, at("2027-03-05 00:00"), knowledge_at=_NOW)
    assert not answer
    assert answer.cure is not None
    assert answer.cure.months == month("2026-12").up_to(month("2027-03"))
    assert answer.cure.amount_rupiah == 8_400 + 3 * 16_800
    # The amount is right for a payment of this month, however late the day that is asked about.
    assert answer.cure.pay_until == date(2026, 11, 30)


def test_not_joined_has_no_cure() -> None:
    assert coverage(member("2026-11"), Programme.JHT, _NOW).cure is None


# With a ledger: credit pays its part, and gaps that are owed are due.


def test_credit_pays_its_part_of_the_cure() -> None:
    account = Account((pays("a", "2026-04-02 10:00", 8_400 + 5_000),), (), pair())
    answer = coverage(account, Programme.JKK, _NOW)
    assert answer.cure is not None
    assert (answer.cure.amount_rupiah, answer.cure.credit_rupiah) == (7 * 8_400 - 5_000, 5_000)


def test_a_debt_of_savings_has_its_turn_first_so_it_is_in_the_cure_and_all_credit_counts() -> None:
    began = dict.fromkeys(Programme, month("2026-04"))
    terms = replace(pair(), joined=began)
    account = Account((pays("a", "2026-04-02 10:00", 8_400 + 19_999),), (), terms)
    cure = coverage(account, Programme.JKK, _NOW).cure
    assert cure is not None
    # The pair from May to November, and savings from April to October: November's come after November's pair.
    assert (cure.amount_rupiah, cure.credit_rupiah) == (7 * 8_400 + 7 * 20_000 - 19_999, 19_999)
    savings = coverage(account, Programme.JHT, _NOW).cure
    assert savings is not None
    assert savings.amount_rupiah == 7 * 8_400 + 8 * 20_000 - 19_999
    for programme, told in ((Programme.JKK, cure), (Programme.JHT, savings)):
        assert told.amount_rupiah
        for short, is_enough in ((0, True), (1, False)):
            paid = replace(
                account, payments=(*account.payments, pays("b", "2026-11-23 15:00", told.amount_rupiah - short))
            )
            assert (coverage(paid, programme, _NOW).state is told.restores) is is_enough


def test_a_gap_that_is_owed_is_part_of_the_cure() -> None:
    standing = replace(
        base_pair("2026-01", "2026-06"), owed_from=dict.fromkeys((Programme.JKK, Programme.JKM), month("2026-01"))
    )
    assert _cure(standing).months == (
        *month("2026-02").up_to(month("2026-05")),
        *month("2026-07").up_to(month("2026-11")),
    )
    assert _cure(base_pair("2026-01", "2026-06")).months == month("2026-07").up_to(month("2026-11"))
