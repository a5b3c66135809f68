# SPDX-License-Identifier: Apache-2.0
"""The cure: exact months, exact rupiah."""

from dataclasses import replace
from datetime import date

import pytest

from cardservice.coverage.decide import decide
from cardservice.coverage.decision import Cure, NotCovered
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Arrears, Rules
from cardservice.coverage.rules_2026 import RULES_2026
from cardservice.coverage.standing import ContributionBasis, Payer, Standing, WorkSector
from tests.coverage.standings import base_pair, member, month

_TODAY = date(2026, 11, 23)


def _cure(
    standing: Standing, programme: Programme = Programme.JKK, *, today: date = _TODAY, rules: Rules = RULES_2026
) -> Cure:
    decision = decide(standing, programme, today, rule_pack=rules)
    assert isinstance(decision, NotCovered)
    assert decision.cure is not None
    return decision.cure


def test_a_lapsed_base_pair_pays_every_unpaid_month_of_both_at_its_own_price() -> None:
    # Last paid 2026-01; due 2026-02 and -03 in full (16,800), 2026-04 to -11 at half (8,400).
    cure = _cure(base_pair("2026-01"))
    assert cure.amount_rupiah == 2 * 16_800 + 8 * 8_400 == 100_800
    assert cure.months == month("2026-02").up_to(month("2026-11"))
    assert (cure.restores_from, cure.pay_until, cure.restores_through) == (
        _TODAY,
        date(2026, 11, 30),
        date(2027, 2, 28),
    )


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
    standing = standing.with_payment(Programme.JKM, month("2026-02").up_to(month("2026-11")), date(2026, 11, 1))
    cure = _cure(standing)
    assert {due.programme for due in cure.dues} == {Programme.JKK}


def test_one_month_later_the_amount_is_one_month_more() -> None:
    november, december = _cure(base_pair("2026-01")), _cure(base_pair("2026-01"), today=date(2026, 12, 1))
    assert november.amount_rupiah is not None
    assert december.amount_rupiah == november.amount_rupiah + 8_400


def test_a_rule_pack_can_ask_for_the_current_month_only() -> None:
    lenient = replace(RULES_2026, arrears=Arrears.CURRENT_MONTH_ONLY)
    assert _cure(base_pair("2026-01"), rules=lenient).amount_rupiah == 8_400


def test_a_past_event_is_not_cured_but_cover_from_now_on_is() -> None:
    decision = decide(base_pair("2026-01"), Programme.JKK, date(2026, 9, 1), knowledge_at=_TODAY)
    assert isinstance(decision, NotCovered)
    assert decision.cure is not None
    assert decision.cure.restores_from == _TODAY
    assert decision.cure.months[-1] == month("2026-11")


def test_for_a_day_ahead_the_cure_pays_up_to_it() -> None:
    decision = decide(base_pair("2026-11"), Programme.JKK, date(2027, 3, 5), knowledge_at=_TODAY)
    assert isinstance(decision, NotCovered)
    assert decision.cure is not None
    assert decision.cure.months == month("2026-12").up_to(month("2027-03"))
    assert decision.cure.amount_rupiah == 8_400 + 3 * 16_800


def test_not_joined_has_no_cure() -> None:
    decision = decide(member("2026-11"), Programme.JHT, _TODAY)
    assert isinstance(decision, NotCovered)
    assert decision.cure is None
