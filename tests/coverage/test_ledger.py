# SPDX-License-Identifier: Apache-2.0
"""What payments pay for, case by case."""

from dataclasses import replace
from datetime import datetime

import pytest

from cardservice.coverage.errors import MalformedLedger
from cardservice.coverage.ledger import MOST_AHEAD, Ledger, allocate
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.payment import NamedMonth, Payment, Reversal
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import AllocationOrder, Arrears
from cardservice.coverage.standing import ContributionBasis, Payer, WorkSector
from cardservice.coverage.terms import BasisFrom, MemberTerms, ProgrammesFrom
from tests.coverage.ledgers import ALWAYS, History, at, pair, pays
from tests.coverage.rules_2026 import RULES_2026
from tests.coverage.standings import month

_JKK, _JKM, _JHT = Programme.JKK, Programme.JKM, Programme.JHT


def months_paid(ledger: Ledger, programme: Programme = _JKK) -> list[str]:
    return [str(month) for each, month in sorted(ledger.paid) if each is programme]


def ledger(terms: MemberTerms, *payments: Payment) -> Ledger:
    return History(payments, (), terms).ledger()


def test_the_oldest_unpaid_month_is_paid_first() -> None:
    done = ledger(pair("2025-01"), pays("a", "2025-03-10 10:00", 2 * 16_800))
    assert months_paid(done) == months_paid(done, _JKM) == ["2025-01", "2025-02"]
    assert (done.credit, done.allocated) == (0, 33_600)


def test_without_a_first_month_nothing_is_owed_before_the_first_payment() -> None:
    done = ledger(pair(), pays("a", "2026-06-15 10:00", 8_400), pays("b", "2026-09-01 10:00", 8_400))
    assert months_paid(done) == ["2026-06", "2026-07"]


def test_what_is_left_is_credit_until_it_pays_for_a_whole_month() -> None:
    first, second = pays("a", "2025-01-05 10:00", 20_000), pays("b", "2025-02-05 10:00", 13_600)
    assert (ledger(pair("2025-01"), first).credit, months_paid(ledger(pair("2025-01"), first))) == (3_200, ["2025-01"])
    both = ledger(pair("2025-01"), first, second)
    assert (months_paid(both), both.credit) == (["2025-01", "2025-02"], 0)
    # February was complete when the second payment came, and both have a part in it.
    assert both.paid[_JKK, month("2025-02")] == second.received_at
    assert [(each.payment_id, each.amount) for each in both.allocations if each.month == month("2025-02")] == [
        ("a", 3_200),
        ("b", 6_800),
        ("b", 6_800),
    ]


def test_paid_too_much_for_a_discounted_month_flows_to_the_following_ones() -> None:
    # PP 50/2025: three months at the full rate of 16,800 were paid in advance for April to June; each costs 8,400.
    done = ledger(pair("2026-04"), pays("a", "2026-03-20 10:00", 3 * 16_800))
    assert months_paid(done) == ["2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09"]
    assert done.credit == 0


def test_debts_of_months_before_the_window_stay_at_full_rate() -> None:
    done = ledger(pair("2026-02"), pays("a", "2026-05-02 10:00", 2 * 16_800 + 2 * 8_400))
    assert months_paid(done) == ["2026-02", "2026-03", "2026-04", "2026-05"]
    prices = {str(each.month): each.amount for each in done.allocations if each.programme is _JKK}
    assert prices == {"2026-02": 10_000, "2026-03": 10_000, "2026-04": 5_000, "2026-05": 5_000}


def test_a_payer_switch_inside_the_window_halves_from_the_month_of_the_switch() -> None:
    by_apbd, by_self = ContributionBasis(payer=Payer.APBD), ContributionBasis(payer=Payer.SELF)
    began = {_JKK: month("2026-04"), _JKM: month("2026-04")}
    terms = MemberTerms(began, (BasisFrom(month("2026-04"), by_apbd), BasisFrom(month("2026-07"), by_self)))
    done = ledger(terms, pays("a", "2026-04-02 10:00", 3 * 16_800 + 2 * 8_400))
    assert months_paid(done) == ["2026-04", "2026-05", "2026-06", "2026-07", "2026-08"]
    assert sum(each.amount for each in done.allocations if each.month == month("2026-06")) == 16_800
    assert sum(each.amount for each in done.allocations if each.month == month("2026-07")) == 8_400


def test_the_window_of_the_transport_sector_is_its_own() -> None:
    transport = ContributionBasis(WorkSector.TRANSPORT)
    assert months_paid(ledger(pair("2026-01", transport), pays("a", "2026-01-02 10:00", 16_800))) == [
        "2026-01",
        "2026-02",
    ]
    assert months_paid(ledger(pair("2026-01"), pays("a", "2026-01-02 10:00", 16_800))) == ["2026-01"]


def test_named_months_are_paid_and_what_is_over_pays_debts() -> None:
    named = [NamedMonth(programme, month("2026-09"), price) for programme, price in ((_JKK, 5_000), (_JKM, 3_400))]
    done = ledger(pair("2026-06"), pays("group", "2026-09-01 10:00", 16_800, *named, payer=Payer.GROUP))
    assert months_paid(done) == ["2026-06", "2026-09"]


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_of_two_payments_of_one_moment_the_one_that_names_its_month_has_it(names: str) -> None:
    # Accepted at 16,800 before the price was halved: were the other first, it would buy September, and these two months more.
    named = [NamedMonth(programme, month("2026-09"), price) for programme, price in ((_JKK, 10_000), (_JKM, 6_800))]
    one = pays(names[0], "2026-09-01 10:00", 16_800, *named)
    done = ledger(pair("2026-09"), one, pays(names[1], "2026-09-01 10:00", 8_400))
    assert months_paid(done) == ["2026-09", "2026-10"]
    assert sum(each.amount for each in done.allocations if each.payment_id == names[0]) == 16_800


def test_a_month_named_twice_is_paid_once_and_the_money_is_not_lost() -> None:
    named = [NamedMonth(programme, month("2026-09"), price) for programme, price in ((_JKK, 5_000), (_JKM, 3_400))]
    twice = [pays(name, "2026-09-01 10:00", 8_400, *named) for name in "ab"]
    done = ledger(pair("2026-09"), *twice)
    assert months_paid(done) == ["2026-09", "2026-10"]
    assert done.received == done.allocated == 16_800


def test_imported_history_keeps_its_gaps_and_debts_begin_after_it() -> None:
    history = [
        Payment(
            f"list-{text}",
            at(f"{text}-01 00:00"),
            at("2026-11-01 08:00"),
            10_000,
            months=(NamedMonth(_JKK, month(text), 10_000),),
        )
        for text in ("2024-01", "2024-02", "2025-06")
    ]
    terms = MemberTerms.constant({_JKK: None}, ContributionBasis())
    done = ledger(terms, *history, pays("a", "2026-11-20 10:00", 10_000))
    assert months_paid(done) == ["2024-01", "2024-02", "2025-06", "2025-07"]
    assert done.owed_from == {_JKK: month("2025-07")}


def test_less_than_a_month_s_price_begins_no_debts() -> None:
    crumb, month_s = pays("a", "2026-01-05 10:00", 1), pays("b", "2026-11-05 10:00", 8_400)
    assert ledger(pair(), crumb).owed_from == {}
    assert months_paid(ledger(pair(), crumb, month_s)) == months_paid(ledger(pair(), month_s)) == ["2026-11"]
    # Two halves are a month, in the month in which they are whole.
    assert months_paid(ledger(pair(), pays("a", "2026-05-05 10:00", 4_200), pays("b", "2026-06-05 10:00", 4_200))) == [
        "2026-06"
    ]


def test_months_that_are_learned_after_the_first_payment_make_no_debts() -> None:
    first = pays("a", "2026-11-05 10:00", 8_400)
    named = [NamedMonth(programme, month("2026-03"), 5_000) for programme in (_JKK, _JKM)]
    learned = pays("list", "2026-03-01 00:00", 10_000, *named, known="2026-11-08 10:00")
    done = ledger(pair(), first, learned, pays("b", "2026-11-09 10:00", 8_400))
    assert months_paid(done) == ["2026-03", "2026-11", "2026-12"]


def test_who_has_paid_for_next_year_only_can_pay_for_this_month() -> None:
    named = [NamedMonth(programme, month("2027-01"), 10_000) for programme in (_JKK, _JKM)]
    ahead = pays("list", "2026-11-01 00:00", 20_000, *named)
    assert ledger(pair(), ahead).owed_from == dict.fromkeys((_JKK, _JKM), month("2027-02"))
    assert months_paid(ledger(pair(), ahead, pays("a", "2026-11-05 10:00", 8_400))) == ["2026-11", "2027-01"]


def test_old_age_savings_take_their_turn_after_the_pair_of_the_same_month() -> None:
    began = dict.fromkeys((_JKK, _JKM, _JHT), month("2026-05"))
    terms = MemberTerms.constant(began, ContributionBasis())
    done = ledger(terms, pays("a", "2026-05-01 10:00", 8_400 + 20_000 + 8_400 + 19_999))
    assert (months_paid(done), months_paid(done, _JHT), done.credit) == (["2026-05", "2026-06"], ["2026-05"], 19_999)


def test_a_reversal_counts_from_when_it_is_known() -> None:
    history = History(
        (pays("a", "2025-01-05 10:00", 16_800), pays("b", "2025-02-05 10:00", 16_800)),
        (Reversal("a", at("2025-03-01 09:00")),),
        pair("2025-01"),
    )
    before, after = history.ledger(at("2025-03-01 08:59")), history.ledger(at("2025-03-01 09:00"))
    assert (months_paid(before), before.reversed) == (["2025-01", "2025-02"], 0)
    assert (months_paid(after), after.reversed, after.received) == (["2025-01"], 16_800, 16_800)
    # What is left pays the oldest month, from its own arrival on.
    assert after.paid[_JKK, month("2025-01")] == at("2025-02-05 10:00")


def test_a_bank_s_clock_ahead_of_ours_does_not_delay_cover() -> None:
    early = Payment("a", at("2025-01-05 10:04"), at("2025-01-05 10:00"), 16_800)
    assert ledger(pair("2025-01"), early).paid[_JKK, month("2025-01")] == at("2025-01-05 10:00")


@pytest.mark.parametrize(
    ("moment", "paid"),
    [
        # 23:30 in Jakarta on 31 January is 00:30 in Makassar and 01:30 in Jayapura on 1 February: the month is Jakarta's.
        ("2026-01-31T23:30:00+07:00", "2026-01"),
        ("2026-02-01T00:30:00+08:00", "2026-01"),
        ("2026-02-01T01:30:00+09:00", "2026-01"),
        ("2026-01-31T16:59:59+00:00", "2026-01"),
        ("2026-01-31T17:00:00+00:00", "2026-02"),
        ("2024-02-29T23:59:59+07:00", "2024-02"),
        ("2024-03-01T00:00:00+07:00", "2024-03"),
    ],
)
def test_a_moment_has_one_month_on_all_clocks_of_the_country(moment: str, paid: str) -> None:
    when = datetime.fromisoformat(moment)
    assert months_paid(ledger(pair(), Payment("a", when, when, 16_800)))[0] == paid


def test_a_rule_pack_can_take_the_current_month_first() -> None:
    current_first = replace(RULES_2026, allocation=AllocationOrder.CURRENT_FIRST)
    history = History((pays("a", "2025-06-10 10:00", 2 * 16_800),), (), pair("2025-01"))
    assert months_paid(history.ledger(rules=current_first)) == ["2025-01", "2025-06"]


def test_a_rule_pack_can_forgive_debts() -> None:
    forgiving = replace(RULES_2026, arrears=Arrears.CURRENT_MONTH_ONLY)
    history = History((pays("a", "2025-06-10 10:00", 2 * 16_800),), (), pair("2025-01"))
    assert months_paid(history.ledger(rules=forgiving)) == ["2025-06", "2025-07"]


def test_a_slip_of_the_finger_does_not_pay_for_a_century() -> None:
    done = ledger(pair("2028-01"), pays("a", "2028-01-10 10:00", 10**9))
    assert len(months_paid(done)) == MOST_AHEAD
    assert done.credit == 10**9 - MOST_AHEAD * 16_800


def test_a_correction_of_the_basis_changes_nothing_that_was_known_before() -> None:
    dear = ContributionBasis(full_monthly={_JKK: 20_000})
    terms = MemberTerms(
        {_JKK: month("2025-01")},
        (BasisFrom(month("2025-01"), ContributionBasis()), BasisFrom(month("2025-01"), dear, at("2025-06-01 00:00"))),
    )
    history = History((pays("a", "2025-01-02 10:00", 20_000),), (), terms)
    assert months_paid(history.ledger(at("2025-05-31 23:59"))) == ["2025-01", "2025-02"]
    assert months_paid(history.ledger(at("2025-06-01 00:00"))) == ["2025-01"]


def test_contradictions_are_refused() -> None:
    one = pays("a", "2025-01-05 10:00", 16_800)
    with pytest.raises(MalformedLedger):
        ledger(pair(), one, replace(one, amount=1))
    with pytest.raises(MalformedLedger):
        allocate([], [Reversal("x", ALWAYS)], pair(), RULES_2026, ALWAYS)
    with pytest.raises(MalformedLedger):
        replace(one, received_at=datetime(2025, 1, 5))  # noqa: DTZ001 - naive on purpose
    with pytest.raises(MalformedLedger):
        Reversal("a", datetime(2025, 1, 5))  # noqa: DTZ001 - naive on purpose
    with pytest.raises(MalformedLedger):
        replace(one, amount=-1)
    with pytest.raises(MalformedLedger):
        replace(one, months=(NamedMonth(_JKK, month("2025-01"), 16_801),))
    with pytest.raises(MalformedLedger):
        replace(one, months=(NamedMonth(_JKK, month("2025-01"), 1),) * 2)
    with pytest.raises(MalformedLedger):
        MemberTerms({_JKK: None}, ())


def test_the_same_payment_told_twice_is_one_payment() -> None:
    one = pays("a", "2025-01-05 10:00", 16_800)
    assert ledger(pair("2025-01"), one, one) == ledger(pair("2025-01"), one)


def test_a_member_who_never_paid_has_an_empty_ledger() -> None:
    assert ledger(pair()) == Ledger((), {}, {}, 0, 0, 0)


def test_money_pays_for_the_programmes_of_its_month_only() -> None:
    base = frozenset({_JKK, _JKM})
    joined: dict[Programme, ContributionMonth | None] = {_JKK: None, _JKM: None, _JHT: month("2026-07")}
    terms = MemberTerms(
        joined,
        pair().bases,
        tuple(
            ProgrammesFrom(month(first), programmes, at(f"{known}-01 00:00"))
            for first, programmes, known in (
                ("2026-01", base, "2026-01"),
                ("2026-07", base | {_JHT}, "2026-06"),
                ("2026-09", base, "2026-09"),
            )
        ),
    )
    done = ledger(terms, pays("a", "2026-06-05 10:00", 4 * 8_400 + 2 * 20_000))
    assert (months_paid(done), months_paid(done, _JHT), done.credit) == (
        ["2026-06", "2026-07", "2026-08", "2026-09"],
        ["2026-07", "2026-08"],
        0,
    )
    # Who has left is not asked for what was owed before.
    late = ledger(terms, pays("a", "2026-06-05 10:00", 3 * 8_400), pays("b", "2026-09-05 10:00", 8_400))
    assert (months_paid(late), months_paid(late, _JHT)) == (["2026-06", "2026-07", "2026-08", "2026-09"], [])
