# SPDX-License-Identifier: Apache-2.0
"""A receipt becomes void, a remittance goes back: payment, cover, commission, what is held and its age, and the reports all say so."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardservice.collection.cash.ageing import ageing
from cardservice.collection.errors import AgentStopped, MoneyBounced, PartOfAWhole, ReceiptIsVoid
from cardservice.collection.reports.money import agents
from cardservice.collection.reports.report import Period
from cardservice.collection.reverse_by_person import reverse_by_person
from cardservice.coverage.month import ContributionMonth
from cardservice.records import agent_cash, audit_events, cash_reversals, members
from cardservice.records.agent_cash import CashAgent, CashReceipt, Remittance, Stop
from cardservice.records.cash_reversals import ReceiptVoid, RemittanceBounce
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import PaymentReversedBefore, RecordNotFound
from cardservice.records.intermediaries import SCHEME_ID
from tests.audit.signer import NOW
from tests.collection.counter import CODE, DAY, Counter
from tests.collection.test_group_at_once import at_once
from tests.collection.till import ONE_MONTH, table_sizes
from tests.coverage.rules_2026 import RULES_2026
from tests.records import rows

WINTER = Period(ContributionMonth(2026, 11), ContributionMonth(2026, 12))


@pytest.fixture
def counter(database: Database) -> Counter:
    return Counter(database)


def report(counter: Counter) -> tuple[tuple[object, ...], ...]:
    with counter.database.read() as connection:
        return agents(connection, WINTER, 5).rows


def test_a_void_receipt_is_void_everywhere(counter: Counter) -> None:
    counter.take()
    counter.take(2, ONE_MONTH, "R-2")
    done = counter.void(1, NOW + DAY)
    assert (done.held.rupiah, done.owed_to_agent, done.again) == (ONE_MONTH, 0, False)
    assert not counter.is_covered(1, NOW + DAY)
    assert counter.is_covered(2, NOW + DAY)
    with counter.database.read() as connection:
        own = [each.event for each in audit_events.of_member(connection, rows.identifier("member", 1))]
    assert [each.kind for each in own][-2:] == ["payment.reversed", "agent.cash-receipt-void"]
    assert (own[-1].detail["agent_commission"], own[-1].detail["by"]) == (-567, "ani")


def test_reports_count_commission_without_void_receipts_in_the_month_of_the_void(counter: Counter) -> None:
    counter.take()
    counter.take(2, ONE_MONTH, "R-2")
    counter.remit(ONE_MONTH)
    assert report(counter) == (("2026-11", CODE, 2, 2 * ONE_MONTH, 0, 0, 2 * 567, 2 * 63, ONE_MONTH, 0),)
    counter.void(1, NOW + 20 * DAY)
    counter.bounce(at=NOW + 20 * DAY)
    assert report(counter)[1] == ("2026-12", CODE, 0, 0, 1, ONE_MONTH, -567, -63, 0, ONE_MONTH)


def test_void_twice_is_void_once_and_cash_under_it_is_not_taken_again(counter: Counter) -> None:
    counter.take()
    first = counter.void(1)
    sizes = table_sizes(counter.database)
    assert (counter.void(1).again, counter.void(1).void) == (True, first.void)
    with pytest.raises(ReceiptIsVoid) as refused:
        counter.take()
    assert (refused.value.evidence["number"], refused.value.evidence["reason"]) == (1, "wrong member")
    assert table_sizes(counter.database) == sizes
    assert counter.take(2, ONE_MONTH, "R-2").number == 2  # the number stays used
    with pytest.raises(RecordNotFound):
        counter.void(3)


def test_what_was_remitted_for_a_void_receipt_pays_for_the_next_ones(counter: Counter) -> None:
    counter.take()
    counter.remit(ONE_MONTH)
    assert counter.void(1).owed_to_agent == ONE_MONTH
    counter.take(2, 2 * ONE_MONTH, "R-2")
    done = counter.remit(ONE_MONTH, "S-2")
    assert (done.held.rupiah, done.settled) == (0, (2,))


def test_a_void_receipt_lets_an_agent_go_on_that_held_too_much(database: Database) -> None:
    counter = Counter(database, most_rupiah=2 * ONE_MONTH)
    counter.take(1, 2 * ONE_MONTH)
    with pytest.raises(AgentStopped):
        counter.take(2, ONE_MONTH, "R-2")
    counter.void(1)
    assert counter.take(2, ONE_MONTH, "R-2").number == 2


def test_a_remittance_that_went_back_is_held_again_at_its_own_age(counter: Counter) -> None:
    counter.take()
    counter.remit(ONE_MONTH, at=NOW + DAY)
    done = counter.bounce(at=NOW + 5 * DAY)
    assert (done.held.rupiah, done.held.oldest_days, done.held.buckets["4-7"]) == (ONE_MONTH, 5, ONE_MONTH)
    assert done.stopped is Stop.TOO_LONG  # the alarm looks at once
    assert counter.is_covered(1, NOW + 5 * DAY)  # the member paid
    with pytest.raises(AgentStopped):
        counter.take(2, ONE_MONTH, "R-2", NOW + 5 * DAY)
    assert counter.bounce(at=NOW + 6 * DAY).again
    with pytest.raises(MoneyBounced):
        counter.remit(ONE_MONTH, at=NOW + 6 * DAY)
    assert counter.remit(ONE_MONTH, "S-2", NOW + 6 * DAY).resumed
    with pytest.raises(RecordNotFound):
        counter.bounce("S-9")


def test_an_agents_payment_is_not_taken_back_without_its_receipt(counter: Counter) -> None:
    counter.take()
    sizes = table_sizes(counter.database)
    with pytest.raises(PartOfAWhole):
        reverse_by_person(
            counter.database,
            partner_id=counter.agent_id,
            reference="cash/1",
            by="ani",
            reason="x",
            at=NOW,
            rules=RULES_2026,
        )
    assert table_sizes(counter.database) == sizes


def test_void_from_many_sides_is_void_once(counter: Counter) -> None:
    counter.take()
    told = at_once(12, lambda _: counter.void(1))
    assert [each.again for each in told].count(False) == 1
    assert len({each.void for each in told}) == 1


def test_sabotage_where_nothing_is_looked_up_the_constraints_still_refuse(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.take()
    counter.remit(ONE_MONTH)
    counter.void(1)
    counter.bounce()
    monkeypatch.setattr(cash_reversals, "void_of", lambda *_: None)
    monkeypatch.setattr(cash_reversals, "bounce_of", lambda *_: None)
    with pytest.raises(PaymentReversedBefore):
        counter.void(1)
    with pytest.raises(PaymentReversedBefore):
        counter.bounce()


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 10**6)),
        st.tuples(st.just("remit"), st.integers(1, 10**6)),
        st.tuples(st.just("void"), st.integers(0, 30)),
        st.tuples(st.just("bounce"), st.integers(0, 30)),
    ),
    max_size=25,
)


class Undone(Exception):
    """Ends an example's transaction, so that the next begins with the same tables."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
def test_whatever_happens_every_rupiah_is_held_remitted_or_owed_to_the_agent(
    database: Database, moves: list[tuple[str, int]]
) -> None:
    with suppress(Undone), database.begin() as connection:
        members.add(connection, rows.member(1))
        agent_cash.set_terms(connection, CashAgent(SCHEME_ID, 750, 9_000, 10**9, 7, 3, NOW))
        books = Books()
        for step, (kind, figure) in enumerate(moves):
            at = NOW + step * timedelta(hours=7)
            books.write(connection, kind, figure, step, at)
            books.check(connection, at)
        raise Undone


@dataclass
class Books:
    """What stands, counted beside the records."""

    receipts: dict[int, int] = field(default_factory=dict)
    remittances: dict[str, int] = field(default_factory=dict)

    def write(self, connection: Connection, kind: str, figure: int, step: int, at: datetime) -> None:
        if kind == "take":
            number = agent_cash.next_number(connection, SCHEME_ID)
            who, payment_id = rows.identifier("member", 1), f"{step:032x}"
            receipt = CashReceipt(SCHEME_ID, number, f"r{step}", who, payment_id, figure, 0, 0, at)
            agent_cash.add_receipt(connection, receipt)
            self.receipts[number] = figure
        elif kind == "remit":
            agent_cash.add_remittance(connection, Remittance(SCHEME_ID, f"s{step}", figure, at))
            self.remittances[f"s{step}"] = figure
        elif kind == "void" and self.receipts:
            number = sorted(self.receipts)[figure % len(self.receipts)]
            cash_reversals.add_void(connection, ReceiptVoid(SCHEME_ID, number, "ani", "x", at))
            del self.receipts[number]
        elif kind == "bounce" and self.remittances:
            name = sorted(self.remittances)[figure % len(self.remittances)]
            cash_reversals.add_bounce(connection, RemittanceBounce(SCHEME_ID, name, "ani", "x", at))
            del self.remittances[name]

    def check(self, connection: Connection, at: datetime) -> None:
        """Standing receipts less standing remittances is what is held less what is owed; oldest receipts are settled first."""
        held = agent_cash.unremitted(connection, SCHEME_ID)
        owed = agent_cash.owed_to_agent(connection, SCHEME_ID)
        total = sum(each.rupiah for each in held)
        assert total - owed == sum(self.receipts.values()) - sum(self.remittances.values())
        assert min(total, owed) == 0
        assert sum(ageing(held, at).buckets.values()) == total
        numbers = [each.number for each in held]
        assert numbers == sorted(self.receipts)[len(self.receipts) - len(numbers) :]
        assert all(each.rupiah == self.receipts[each.number] for each in held[1:])
