# SPDX-License-Identifier: Apache-2.0
"""The clock probe: set back, set forward, wrong beside the service, and no time server anywhere."""

import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from reader_tools.desk.clock_seen import SEEN
from reader_tools.probes.clock import TOLERANCE, probe_clock
from reader_tools.probes.finding import Level

NOW = datetime.now(UTC) + timedelta(minutes=5)  # after every file of this checkout
SLIGHTLY, CLEARLY = TOLERANCE - timedelta(seconds=2), TOLERANCE + timedelta(seconds=2)


def test_a_clock_that_only_rises_is_fine_and_is_remembered(tmp_path: Path) -> None:
    for later in range(3):
        finding = probe_clock(NOW + timedelta(days=later), tmp_path)
        assert finding.level is Level.OK
    assert datetime.fromisoformat((tmp_path / SEEN).read_text()) == NOW + timedelta(days=2)


def test_a_clock_set_back_behind_what_was_seen_is_off(tmp_path: Path) -> None:
    probe_clock(NOW + timedelta(days=30), tmp_path)
    finding = probe_clock(NOW, tmp_path)
    assert (finding.level, finding.code) == (Level.FAIL, "clock-off")
    assert finding.evidence == {"seconds": -30 * 86_400, "witness": "clock-seen"}
    assert datetime.fromisoformat((tmp_path / SEEN).read_text()) == NOW + timedelta(days=30)


def test_a_clock_behind_our_own_program_is_off_even_on_a_fresh_machine(tmp_path: Path) -> None:
    finding = probe_clock(datetime(2000, 1, 1, tzinfo=UTC), tmp_path / "never made")
    assert (finding.code, finding.evidence["witness"]) == ("clock-off", "files")


def test_a_clock_behind_its_own_data_is_off(tmp_path: Path) -> None:
    database = tmp_path / "kartu.db"
    database.touch()
    later = (NOW + timedelta(days=1)).timestamp()
    os.utime(database, (later, later))
    assert probe_clock(NOW, tmp_path).code == "clock-off"


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_service_is_asked_too(tmp_path: Path, sign: int) -> None:
    near = format_datetime(NOW + sign * SLIGHTLY, usegmt=True)
    far = format_datetime(NOW + sign * CLEARLY, usegmt=True)
    assert probe_clock(NOW, tmp_path, near).level is Level.OK
    finding = probe_clock(NOW, tmp_path, far)
    assert (finding.code, finding.evidence["witness"]) == ("clock-off", "api")


@pytest.mark.parametrize("header", [None, "", "yesterday", "Mon, 99 Nov 2026 00:00:00 GMT"])
def test_a_date_that_is_none_is_no_witness(tmp_path: Path, header: str | None) -> None:
    finding = probe_clock(NOW, tmp_path, header)
    assert finding.evidence == {"checked_against": "files"}


def test_a_memory_in_disorder_is_no_witness(tmp_path: Path) -> None:
    (tmp_path / SEEN).write_text("long ago")
    assert probe_clock(NOW, tmp_path).level is Level.OK


def test_control_without_its_memory_a_clock_set_back_goes_unnoticed(tmp_path: Path) -> None:
    """Sabotage: forget what was seen. The same clock is then believed, so the memory is what catches it."""
    probe_clock(NOW + timedelta(days=30), tmp_path)
    (tmp_path / SEEN).unlink()
    assert probe_clock(NOW, tmp_path).level is Level.OK
