# SPDX-License-Identifier: Apache-2.0
"""A clock set back is found out by what was seen before; what nobody can read is no witness."""

from datetime import timedelta
from pathlib import Path

import pytest

from reader_tools.desk.clock_seen import MAX_STEP, SEEN, last_seen, refuse_set_back, remember
from reader_tools.desk.errors import DeskClockBack
from tests.hsm.documents import NOW

SECOND = timedelta(seconds=1)


def test_the_latest_moment_is_remembered(tmp_path: Path) -> None:
    assert last_seen(tmp_path) is None
    for moment in (NOW, NOW + SECOND, NOW - SECOND):
        remember(moment, tmp_path)
    assert last_seen(tmp_path) == NOW + SECOND


def test_a_clock_before_what_was_seen_is_refused_with_the_witness(tmp_path: Path) -> None:
    remember(NOW, tmp_path)
    seen = {"list": None, SEEN: last_seen(tmp_path)}
    refuse_set_back(NOW - MAX_STEP, seen)
    with pytest.raises(DeskClockBack) as refused:
        refuse_set_back(NOW - MAX_STEP - SECOND, seen)
    assert refused.value.evidence["witness"] == SEEN


@pytest.mark.parametrize("content", ["", "yesterday", "2026-11-23T08:00:00", "2099"])
def test_what_cannot_be_read_is_no_witness(tmp_path: Path, content: str) -> None:
    (tmp_path / SEEN).write_text(content)
    assert last_seen(tmp_path) is None
