# SPDX-License-Identifier: Apache-2.0
"""When money came: as the bank says where that was within a day, else when we heard of it (decision 0153). Backdating buys no accident."""

from datetime import datetime, timedelta

import pytest

from cardservice.collection import biller
from cardservice.coverage.civil_time import JAKARTA
from cardservice.records import payments
from tests.collection.till import ONE_MONTH, Till
from tests.records import rows
from tests.verification.world import NOW

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def _kept(till: Till, number: str, said: datetime) -> datetime:
    told = said.astimezone(JAKARTA).isoformat(timespec="seconds")
    assert till.pay(number, ONE_MONTH, trxDateTime=told).code == "2002500"
    with till.world.database.read() as connection:
        [(row, _)] = payments.of_member(connection, rows.identifier("member", 1))
    assert row.recorded_at == till.world.clock()
    return row.received_at


@pytest.mark.parametrize("ago", [_SECOND, timedelta(hours=5), _DAY - _SECOND])
def test_a_time_within_the_last_day_is_the_bank_s(till: Till, member_number: str, ago: timedelta) -> None:
    said = (till.world.clock() - ago).replace(microsecond=0) + _SECOND
    said = min(said, till.world.clock().replace(microsecond=0))
    assert _kept(till, member_number, said) == said


@pytest.mark.parametrize("ago", [_DAY + 2 * _SECOND, 40 * _DAY, -2 * _SECOND, -5 * _DAY])
def test_any_other_time_is_ours(till: Till, member_number: str, ago: timedelta) -> None:
    assert _kept(till, member_number, till.world.clock() - ago) == till.world.clock()


def test_sabotage_a_bank_that_is_believed_for_ever_could_cover_last_month(
    quick_till: Till, quick_number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(biller, "BELIEVED", 400 * _DAY)
    said = (NOW - 40 * _DAY).replace(microsecond=0)
    assert _kept(quick_till, quick_number, said) == said
