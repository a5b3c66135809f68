# SPDX-License-Identifier: Apache-2.0
"""A data folder that can't be used, as in a home that is read-only: every command says so, with what to do about it."""

from pathlib import Path

import pytest

from tests.reader_tools.command_line import kartu

COMMANDS = ("doctor", "database upgrade", "card virtual insert", "card info", "demo --once")


@pytest.fixture
def unusable(tmp_path: Path) -> Path:
    """A folder below a file: nobody can make that, root no more than others."""
    (tmp_path / "home").touch()
    return tmp_path / "home" / "kartu"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_data_folder_that_can_not_be_made_is_named(unusable: Path, command: str) -> None:
    ended = kartu(*command.split(), "--json", data_dir=unusable)
    error = ended.document["error"]
    assert (ended.code, error["code"]) == (5, "data-folder-unusable")
    assert "KARTU_DATA_DIR" in error["remedy"]
    assert error["evidence"]["path"].startswith(str(unusable.parent))
