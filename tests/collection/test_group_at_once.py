# SPDX-License-Identifier: Apache-2.0
"""Groups and agents under fire: the same order from 1 to 64 sides at one moment is one order, with one answer for all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import text

from cardservice.collection.group.pay import pay_group_bill
from cardservice.collection.group.payer import join_group
from cardservice.collection.group.statement import bill_statement
from cardservice.records.database import Database, open_database
from cardservice.records.errors import IdempotencyConflict
from tests.collection.groups import CODE, NOW, Cooperative
from tests.collection.till import ONE_MONTH, table_sizes
from tests.coverage.rules_2026 import RULES_2026

Answer = TypeVar("Answer")
SECOND = timedelta(seconds=1)


@pytest.fixture
def cooperative(database: Database) -> Cooperative:
    made = Cooperative(database)
    made.enrol(1, 2, 3, 4, 5)
    made.bill("P-0001,3\nP-0002,1\nP-0003,2\n")
    return made


def at_once(count: int, ask: Callable[[int], Answer]) -> list[Answer]:
    """What so many callers are told who all ask at one moment."""
    barrier = Barrier(count)

    def wait_and_ask(number: int) -> Answer:
        barrier.wait()
        return ask(number)

    with ThreadPoolExecutor(count) as callers:
        return list(callers.map(wait_and_ask, range(count)))


@pytest.mark.parametrize("senders", [1, 2, 16, 64])
def test_one_sum_told_from_many_sides_credits_each_member_once(cooperative: Cooperative, senders: int) -> None:
    told = at_once(senders, lambda number: cooperative.pay(6 * ONE_MONTH, at=NOW + number * SECOND))
    assert len(set(told)) == 1
    assert [cooperative.months(number) for number in (1, 2, 3, 4)] == [
        "2026-11..2027-01",
        "2026-11",
        "2026-11..2026-12",
        "",
    ]
    assert [cooperative.money(number) for number in (1, 2, 3)] == [3 * ONE_MONTH, ONE_MONTH, 2 * ONE_MONTH]
    with cooperative.database.begin() as connection:
        assert bill_statement(connection, CODE, "2026-11").balanced
    sizes = table_sizes(cooperative.database)
    assert (sizes["group_sums"], sizes["group_settlements"], sizes["payments"]) == (1, 1, 3)


def test_parts_of_a_sum_from_many_sides_settle_the_bill_once(cooperative: Cooperative) -> None:
    """Six sums of a month, each told five times."""
    told = at_once(30, lambda number: cooperative.pay(ONE_MONTH, f"TRF-{number % 6}"))
    assert sum(1 for each in told if each) >= 1
    assert cooperative.pay(None).deposit == 0
    sizes = table_sizes(cooperative.database)
    assert (sizes["group_sums"], sizes["group_settlements"], sizes["payments"]) == (6, 1, 3)


def test_one_list_from_many_sides_is_one_bill(cooperative: Cooperative) -> None:
    told = at_once(16, lambda _: cooperative.bill("P-0004,2\n", "second"))
    assert len({each.bill for each in told}) == 1
    assert {each.rupiah for each in told} == {2 * ONE_MONTH}


def test_one_move_from_many_sides_moves_the_months_once(cooperative: Cooperative) -> None:
    cooperative.pay(6 * ONE_MONTH)
    with cooperative.database.begin() as connection:
        join_group(connection, CODE, "P-0004", by="ani", at=NOW)
    told = at_once(16, lambda number: cooperative.move("P-0001", "P-0004", at=NOW + (number + 1) * SECOND))
    assert len(set(told)) == 1
    assert (cooperative.months(1), cooperative.months(4)) == ("2026-11", "2026-12..2027-01")
    assert (cooperative.money(1), cooperative.money(4)) == (ONE_MONTH, 2 * ONE_MONTH)


def test_a_bill_that_is_paid_while_its_months_move_and_members_pay_themselves(cooperative: Cooperative) -> None:
    """Payers and members are locked in one order, so that nobody waits for somebody who waits for him; no rupiah is lost."""
    cooperative.pay(6 * ONE_MONTH)
    with cooperative.database.begin() as connection:
        join_group(connection, CODE, "P-0005", by="ani", at=NOW)
    cooperative.bill("P-0001,1\nP-0002,1\nP-0003,1\nP-0004,1\n", "second")
    jobs: list[Callable[[], object]] = [
        lambda: cooperative.pay(4 * ONE_MONTH, "TRF-2", bill="second", at=NOW + SECOND),
        lambda: cooperative.move("P-0003", "P-0005"),
        lambda: cooperative.pay_alone(2, ONE_MONTH, "own-2"),
        lambda: cooperative.pay_alone(4, ONE_MONTH, "own-4"),
        lambda: cooperative.pay_alone(1, ONE_MONTH, "own-1"),
    ]
    at_once(len(jobs), lambda number: jobs[number]())
    assert sum(cooperative.money(number) for number in (1, 2, 3, 4, 5)) == (6 + 4 + 3) * ONE_MONTH
    with cooperative.database.begin() as connection:
        for reference in ("2026-11", "second"):
            assert bill_statement(connection, CODE, reference).balanced


@pytest.mark.needs("postgresql")
def test_who_tells_the_sum_again_waits_longer_for_its_settlement_than_others_wait_for_a_row(
    postgresql_url: str,
) -> None:
    database = open_database(postgresql_url)
    cooperative = Cooperative(database)
    cooperative.enrol(1)
    cooperative.bill("P-0001,1\n")
    with database.begin() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "30s"
        pay_group_bill(connection, CODE, "2026-11", None, new_id=cooperative.new_id, at=NOW, rules=RULES_2026)
        assert connection.scalar(text("SHOW lock_timeout")) == "55s"
    database.close()


def test_sabotage_without_the_payers_lock_a_sum_is_refused_by_the_constraint_and_never_taken_twice(
    cooperative: Cooperative, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: the sum is never found known. What is left is the database's own word."""
    cooperative.pay(ONE_MONTH)
    monkeypatch.setattr("cardservice.records.group_money.find_sum", lambda *_: None)
    with pytest.raises(IdempotencyConflict):
        cooperative.pay(ONE_MONTH)
    assert table_sizes(cooperative.database)["group_sums"] == 1
