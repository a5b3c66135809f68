# SPDX-License-Identifier: Apache-2.0
"""Agents' cash: the receipt covers at once, numbers have no gaps, remittances settle the oldest first, and too much or too old stops."""

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.collection.cash.ageing import ageing, bucket_names
from cardservice.collection.cash.agent import resume_agent, set_agent_terms
from cardservice.collection.cash.commission import commission
from cardservice.collection.errors import (
    AgentStopped,
    AmountRefused,
    CollectionOutOfScope,
    ReferenceConflict,
    RemittanceTooHigh,
)
from cardservice.coverage.standing import WorkSector
from cardservice.enrolment.scope import Deed
from cardservice.records import agent_cash
from cardservice.records.agent_cash import CashAgent, CashReceipt, Stop, Unremitted
from cardservice.records.database import Database
from tests.audit.signer import NOW
from tests.collection.counter import CODE, DAY, Counter
from tests.collection.till import ONE_MONTH, table_sizes
from tests.enrolment.lines import scope, take_in


@pytest.fixture
def counter(database: Database) -> Counter:
    return Counter(database)


def test_a_receipt_covers_from_its_moment_whatever_the_agent_remits(counter: Counter) -> None:
    receipt = counter.take()
    assert (receipt.number, receipt.rupiah) == (1, ONE_MONTH)
    assert counter.is_covered(1, NOW)
    assert not counter.is_covered(1, NOW - timedelta(microseconds=1))


def test_numbers_have_no_gaps_where_cash_was_refused_between(counter: Counter) -> None:
    assert counter.take().number == 1
    with pytest.raises(AmountRefused) as refused:
        counter.take(2, ONE_MONTH - 1, "R-2")
    assert refused.value.evidence["least"] == ONE_MONTH
    assert counter.take(2, ONE_MONTH, "R-3").number == 2


def test_the_same_receipt_sent_again_is_one_receipt(counter: Counter) -> None:
    first = counter.take()
    sizes = table_sizes(counter.database)
    assert counter.take(at=NOW + DAY) == first
    assert table_sizes(counter.database) == sizes
    with pytest.raises(ReferenceConflict):
        counter.take(2)


def test_receipts_sent_at_once_are_one_and_others_are_numbered_in_a_row(counter: Counter) -> None:
    got: list[CashReceipt] = []
    jobs = [("R-1", 1)] * 4 + [("R-2", 2), ("R-3", 3)]

    def send(reference: str, member: int) -> None:
        got.append(counter.take(member, ONE_MONTH, reference))

    threads = [threading.Thread(target=send, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(jobs)
    assert {receipt.number for receipt in got} == {1, 2, 3}
    assert len({receipt.payment_id for receipt in got}) == 3


def test_an_agent_takes_only_from_whom_its_scope_has(database: Database) -> None:
    counter = Counter(database, scope(work_sectors=[WorkSector.OTHER]))
    with pytest.raises(CollectionOutOfScope):
        counter.take()
    take_in(database, "DESA", scope(deeds=[Deed.ENROL]))
    with pytest.raises(CollectionOutOfScope), database.begin() as connection:
        set_agent_terms(connection, "DESA", CashAgent("", 0, 0, 1, 1, 1, NOW), by="ani")


@given(st.integers(1, 10**13), st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_parts_of_cash_come_to_the_whole(rupiah: int, rate_bp: int, agent_share_bp: int) -> None:
    parts = commission(rupiah, rate_bp, agent_share_bp)
    assert parts.agent + parts.body + parts.scheme == rupiah
    assert min(parts.agent, parts.body, parts.scheme) >= 0
    assert (parts.agent + parts.body) * 10_000 <= rupiah * rate_bp


def test_the_commission_of_the_facts() -> None:
    assert commission(1_000_000, 750, 9_000) == type(commission(0, 0, 0))(67_500, 7_500, 925_000)


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 100)), max_size=20))
def test_every_rupiah_held_is_in_one_bucket(held: list[tuple[int, int]]) -> None:
    found = ageing([Unremitted(n, rupiah, NOW - days * DAY) for n, (rupiah, days) in enumerate(held)], NOW)
    assert sum(found.buckets.values()) == found.rupiah == sum(rupiah for rupiah, _ in held)
    assert tuple(found.buckets) == bucket_names() == ("0-1", "2-3", "4-7", "8-30", ">30")


def test_a_remittance_settles_the_oldest_receipts_first(counter: Counter) -> None:
    for number in (1, 2, 3):
        counter.take(number, ONE_MONTH, f"R-{number}", NOW + number * timedelta(hours=1))
    done = counter.remit(ONE_MONTH + 1_000, at=NOW + DAY)
    assert done.settled == (1,)
    assert done.held.rupiah == 2 * ONE_MONTH - 1_000
    assert counter.remit(ONE_MONTH + 1_000, at=NOW + DAY).held == done.held  # told again, it changes nothing
    with pytest.raises(ReferenceConflict):
        counter.remit(1)
    with pytest.raises(RemittanceTooHigh):
        counter.remit(2 * ONE_MONTH, "S-2")
    assert counter.remit(2 * ONE_MONTH - 1_000, "S-3").settled == (2, 3)


def test_too_much_held_stops_the_agent_until_it_remits(database: Database) -> None:
    counter = Counter(database, most_rupiah=2 * ONE_MONTH)
    counter.take(1, 2 * ONE_MONTH)
    with pytest.raises(AgentStopped) as refused:
        counter.take(2, ONE_MONTH, "R-2")
    assert refused.value.evidence["ground"] == "TOO_MUCH"
    assert not counter.is_covered(2, NOW)
    with database.begin() as connection:
        assert (
            agent_cash.lock(connection, counter.agent_id).stopped_for is Stop.TOO_MUCH
        )  # the stop stays, the cash does not
    assert counter.remit(2 * ONE_MONTH).resumed
    assert counter.take(2, ONE_MONTH, "R-2").number == 2


def test_cash_held_too_long_and_an_idle_agent_are_found_by_the_watch(counter: Counter) -> None:
    counter.take()
    assert counter.watch(NOW + 3 * DAY) == []
    assert counter.watch(NOW + 4 * DAY) == [Stop.TOO_LONG]
    assert counter.watch(NOW + 4 * DAY) == []
    with pytest.raises(AgentStopped):
        counter.take(2, ONE_MONTH, "R-2", NOW + 4 * DAY)
    assert counter.remit(ONE_MONTH, at=NOW + 5 * DAY).resumed
    later = NOW + 130 * DAY
    assert counter.watch(later) == [Stop.INACTIVE]
    with counter.database.begin() as connection:
        resume_agent(connection, CODE, by="ani", reason="back", at=later)
    assert counter.watch(later) == []
