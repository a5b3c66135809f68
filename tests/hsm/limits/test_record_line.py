# SPDX-License-Identifier: Apache-2.0
"""No record, no opening."""

import os
from pathlib import Path

import pytest

from hsm.client.key_process import KeyProcess
from hsm.errors import MalformedRequest, NotRecorded, UnsealRefused
from hsm.limits.record_line import RecordLine
from hsm.stores.key_bundle import KeyBundle
from hsm.wire import wire_fields
from tests.hsm.running import Recorder, SetClock, serving


def test_a_record_is_one_line_with_its_time(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        RecordLine(file.fileno(), SetClock())("unseal context=a reason=b")
    line = (tmp_path / "log").read_text()
    assert line == f"2026-11-23 08:00:00,000 hsm RECORD pid={os.getpid()} unseal context=a reason=b\n"


def test_on_a_full_disk_nothing_is_opened_and_signing_goes_on(bundle: KeyBundle, clock: SetClock) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with (
            serving(bundle, clock, recorder=RecordLine(full, clock)) as path,
            KeyProcess(path) as keys,
        ):
            (sealed,) = keys.sealer.seal([("row/1", b"value")])
            with pytest.raises(NotRecorded, match="No space left"):
                keys.sealer.unseal("row/1", sealed, reason="test")
            assert keys.blind_index.blind_index([b"value"])
    finally:
        os.close(full)


def test_sabotage_a_record_that_is_not_looked_after_opens_all_the_same(bundle: KeyBundle, clock: SetClock) -> None:
    with serving(bundle, clock, recorder=Recorder()) as path, KeyProcess(path) as keys:
        (sealed,) = keys.sealer.seal([("row/1", b"value")])
        assert keys.sealer.unseal("row/1", sealed, reason="test") == b"value"


CONTEXT, REASON = "row/1 reason=print", "curiosity"


def read_back(lines: list[str]) -> list[str]:
    """The reasons, as whoever reads the log takes them: all behind the first of its name."""
    return [line.partition(" reason=")[2] for line in lines]


def test_no_context_says_a_reason_that_is_not_the_callers(bundle: KeyBundle, clock: SetClock) -> None:
    recorder = Recorder()
    with serving(bundle, clock, recorder=recorder) as path, KeyProcess(path) as keys:
        with pytest.raises(MalformedRequest, match="no space"):
            keys.sealer.unseal(CONTEXT, bytes(40), reason=REASON)
        with pytest.raises(UnsealRefused):
            keys.sealer.unseal("row/1", bytes(40), reason=REASON)
    assert read_back(recorder.lines) == [REASON]


def test_sabotage_a_context_with_spaces_forges_the_reason(
    bundle: KeyBundle, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire_fields, "_NAME", wire_fields._NOTE)
    recorder = Recorder()
    with serving(bundle, clock, recorder=recorder) as path, KeyProcess(path) as keys, pytest.raises(UnsealRefused):
        keys.sealer.unseal(CONTEXT, bytes(40), reason=REASON)
    assert read_back(recorder.lines) == [f"print by={os.geteuid()} reason={REASON}"]
