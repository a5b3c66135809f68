# SPDX-License-Identifier: Apache-2.0
"""The custody journal: what was written is read back, what was changed is refused, and a torn last line is no damage."""

import json
import os
import stat
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsm.custody import journal as journal_module
from hsm.custody.journal import BEGINNING, JournalEntry, open_journal
from hsm.errors import CustodyJournalDamaged, CustodyJournalUnusable, CustodyRefused
from tests.hsm.documents import NOW


def entries(path: Path) -> list[JournalEntry]:
    with open_journal(path) as journal:
        return list(journal.entries)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    with open_journal(path) as journal:
        for day in range(3):
            journal.append("rotated", NOW + timedelta(days=day), purpose="audit", version=day)
    return path


def test_what_was_written_is_read_back_in_order(three: Path) -> None:
    assert [(entry.number, entry.facts["version"]) for entry in entries(three)] == [(1, 0), (2, 1), (3, 2)]
    assert stat.S_IMODE(three.stat().st_mode) == 0o600
    with open_journal(three) as journal:
        before = journal.head
        assert journal.append("ended", NOW, purpose="audit").digest == journal.head != before != BEGINNING
    assert [entry.event for entry in entries(three)] == ["rotated"] * 3 + ["ended"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_changed_byte_of_a_whole_line_is_seen(three: Path, data: st.DataObject) -> None:
    content = three.read_bytes()
    place = data.draw(st.integers(0, content.rfind(b"\n", 0, -1)))
    changed = bytearray(content)
    changed[place] ^= data.draw(st.integers(1, 255))
    copy = three.with_name("changed")
    copy.write_bytes(changed)
    copy.chmod(0o600)
    with pytest.raises(CustodyJournalDamaged):
        entries(copy)


def test_a_journal_past_its_length_is_neither_read_in_part_nor_cut(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = three.read_bytes()
    monkeypatch.setattr(journal_module, "MAX_LENGTH", len(content) - 1)
    with pytest.raises(CustodyJournalUnusable, match="at most"):
        entries(three)
    monkeypatch.setattr(journal_module, "MAX_LENGTH", len(content))
    with open_journal(three) as journal, pytest.raises(CustodyJournalUnusable, match="at most"):
        journal.append("ended", NOW)
    assert three.read_bytes() == content


def test_a_line_taken_out_or_moved_is_seen(three: Path) -> None:
    first, second, third = three.read_bytes().splitlines(keepends=True)
    for changed in (first + third, second + first + third, first + second + second + third):
        three.write_bytes(changed)
        with pytest.raises(CustodyJournalDamaged):
            entries(three)


def test_a_torn_last_line_was_never_acknowledged(three: Path) -> None:
    whole = three.read_bytes()
    three.write_bytes(whole + whole.splitlines()[-1][:40])
    with open_journal(three) as journal:
        assert len(journal.entries) == 3
        journal.append("ended", NOW)
    assert [entry.number for entry in entries(three)] == [1, 2, 3, 4]


def test_two_commands_do_not_change_keys_at_once(three: Path) -> None:
    with (
        open_journal(three),
        pytest.raises(CustodyJournalUnusable, match="another custody command"),
        open_journal(three),
    ):
        pass


@pytest.mark.parametrize("mode", [0o644, 0o620])
def test_a_journal_open_to_others_is_refused(three: Path, mode: int) -> None:
    three.chmod(mode)
    with pytest.raises(CustodyJournalUnusable, match="0600"):
        entries(three)


def test_no_folder_and_a_link_are_refused(three: Path) -> None:
    three.with_name("link").symlink_to(three)
    for path in (three.with_name("link"), three.parent / "nowhere" / "journal"):
        with pytest.raises(CustodyJournalUnusable):
            entries(path)


@given(st.binary(max_size=300))
def test_arbitrary_content_gives_our_error_only(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "arbitrary"
    path.write_bytes(content)
    path.chmod(0o600)
    with suppress(CustodyRefused):
        entries(path)


def test_sabotage_without_the_chain_a_line_taken_out_goes_unseen(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The named change: a digest that does not cover the line before."""

    def unchained(fields: dict[str, object]) -> str:
        return json.dumps({name: value for name, value in fields.items() if name not in {"previous", "number"}})

    first, _, third = three.read_bytes().splitlines(keepends=True)
    three.write_bytes(first + third)
    with pytest.raises(CustodyJournalDamaged):
        entries(three)
    three.unlink()
    monkeypatch.setattr(journal_module, "_digest", unchained)
    with open_journal(three) as journal:
        for version in range(2):
            journal.append("rotated", NOW, version=version)
    lines = [json.loads(line) for line in three.read_bytes().splitlines()]
    lines[1] |= {"number": 1, "previous": BEGINNING}
    three.write_bytes(json.dumps(lines[1]).encode() + b"\n")
    assert [entry.facts["version"] for entry in entries(three)] == [1]


def test_a_full_disk_is_told_and_leaves_the_journal_whole(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, line: bytes, offset: int) -> int:
        real(fd, line[:10], offset)
        raise OSError(28, "No space left on device")

    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", full)
    with open_journal(three) as journal, pytest.raises(CustodyJournalUnusable, match="No space"):
        journal.append("ended", NOW)
    monkeypatch.undo()
    assert len(entries(three)) == 3
