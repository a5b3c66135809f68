# SPDX-License-Identifier: Apache-2.0
"""What ``kartu doctor`` says of the list of withdrawals: none, fresh, nearly believed no more, and a memory that can't be read."""

from datetime import timedelta
from pathlib import Path

import pytest

from reader_tools.desk.withdrawals_seen import WithdrawalsSeen
from reader_tools.probes.finding import Level
from reader_tools.probes.withdrawals import probe_withdrawals
from tests.hsm.documents import NOW
from tests.reader_tools.desk.test_withdrawals_seen import OURS, SCHEME, a_list, audit_key


@pytest.fixture
def seen(tmp_path: Path) -> WithdrawalsSeen:
    return WithdrawalsSeen(tmp_path, SCHEME)


def test_a_desk_that_has_no_list(seen: WithdrawalsSeen) -> None:
    found = probe_withdrawals(seen, NOW)
    assert (found.level, found.code) == (Level.OK, "withdrawals-none")


@pytest.mark.parametrize(
    ("days", "level", "code"),
    [
        (0, Level.OK, "withdrawals-ok"),
        (28, Level.OK, "withdrawals-ok"),
        (29, Level.WARN, "withdrawals-old"),
        (36, Level.WARN, "withdrawals-old"),
    ],
)
def test_how_fresh_it_is(seen: WithdrawalsSeen, days: int, level: Level, code: str) -> None:
    seen.take(a_list(7, keys=["AAAAAAAAAAA"]), [audit_key(OURS)], now=NOW)
    found = probe_withdrawals(seen, NOW + timedelta(days=days))
    assert (found.level, found.code) == (level, code)
    assert (found.evidence["number"], found.evidence["withdrawn"]) == (7, 1)


def test_a_memory_that_cannot_be_read_fails(seen: WithdrawalsSeen) -> None:
    seen.path.write_bytes(b"{}")
    found = probe_withdrawals(seen, NOW)
    assert (found.level, found.code) == (Level.FAIL, "desk-memory-damaged")
