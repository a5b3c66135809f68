# SPDX-License-Identifier: Apache-2.0
"""The frame of ``kartu``: JSON or words, help with an example, exit codes, and never a stack trace."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from reader_tools.cli.app import KartuGroup
from reader_tools.cli.card import CardGroup
from reader_tools.cli.lazy_group import LazyGroup
from tests.reader_tools.command_line import ROOT, kartu

OURS = {"doctor", "reader", "card", "virtual", "database"}


def test_a_virtual_card_goes_in_answers_and_comes_out(tmp_path: Path) -> None:
    inserted = kartu("card", "virtual", "insert", "--json", data_dir=tmp_path)
    assert inserted.code == 0
    image = Path(inserted.document["image"])
    assert image.is_file()
    tested = kartu("reader", "test", "--json", data_dir=tmp_path)
    assert (tested.code, tested.document["sw"]) == (0, "9000")
    listed = kartu("reader", "list", "--json", data_dir=tmp_path).document["readers"]
    assert {"name": "virtual", "card": "present", "atr": "3B9B968131FE4580F9A00000030800001000C4"} in listed
    removed = kartu("card", "virtual", "remove", "--json", data_dir=tmp_path)
    assert removed.document == {"reader": "virtual", "image": str(image), "interface": "contact"}
    assert kartu("card", "virtual", "insert", image, data_dir=tmp_path).code == 0


def test_a_torn_card_is_said_in_both_languages_and_comes_back(tmp_path: Path) -> None:
    kartu("card", "virtual", "insert", data_dir=tmp_path)
    kartu("card", "virtual", "tear", "--after", "1", data_dir=tmp_path)
    torn = kartu("reader", "test", data_dir=tmp_path)
    assert (torn.code, torn.out) == (3, "")
    assert torn.err.startswith("card-removed Kartu tercabut")
    kartu("card", "virtual", "tear", "--before", "1", data_dir=tmp_path)
    english = kartu("reader", "test", data_dir=tmp_path, environment={"KARTU_LANGUAGE": "en"})
    assert english.err.startswith("card-removed The card was taken out")
    assert kartu("reader", "test", data_dir=tmp_path).code == 0


def test_an_error_with_json_is_one_document_with_cause_and_remedy(tmp_path: Path) -> None:
    ended = kartu("reader", "test", "--json", data_dir=tmp_path, environment={"KARTU_LANGUAGE": "en"})
    assert ended.code == 3
    error = ended.document["error"]
    assert error["code"] == "card-none"
    assert error["evidence"] == {"reader": "virtual"}
    assert "kartu card virtual insert" in error["remedy"]
    assert ended.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing-like-it"],
        ["reader", "lst"],
        ["reader", "test", "--reeder", "x"],
        ["card", "virtual", "tear"],
        ["card", "virtual", "tear", "--before", "1", "--after", "1"],
        ["card", "virtual", "tear", "--before", "0"],
        ["card", "virtual", "insert", "a", "--clone-of", "b"],
    ],
)
def test_wrong_usage_is_2_and_says_why(arguments: list[str], tmp_path: Path) -> None:
    ended = kartu(*arguments, data_dir=tmp_path)
    assert ended.code == 2
    assert ended.err
    as_json = kartu(*arguments, "--json", data_dir=tmp_path)
    assert (as_json.code, as_json.document["error"]["code"]) == (2, "kartu-usage")


def test_a_setting_that_cannot_be_meant_is_5(tmp_path: Path) -> None:
    ended = kartu("reader", "list", data_dir=tmp_path, environment={"KARTU_LANGUAGE": "klingon"})
    assert ended.code == 5
    assert "KARTU_LANGUAGE" in ended.err


def commands(group: type[LazyGroup]) -> list[tuple[str, ...]]:
    """Every command of ours below a group, as words."""
    found: list[tuple[str, ...]] = []
    for name, entry in group.entries.items():
        if name not in OURS:
            continue
        app: typer.Typer = __import__(entry.module, fromlist=["app"]).app
        if name == "card":
            found += [(name, *rest) for rest in commands(CardGroup)]
        elif len(app.registered_commands) == 1 and not app.registered_callback:
            found.append((name,))
        else:
            found += [(name, command.name or command.callback.__name__) for command in app.registered_commands]  # type: ignore[union-attr]  # a registered command has its function
    return found


@pytest.mark.parametrize("words", commands(KartuGroup), ids=" ".join)
def test_every_command_has_json_and_help_with_an_example(words: tuple[str, ...], tmp_path: Path) -> None:
    ended = kartu(*words, "--help", data_dir=tmp_path)
    assert ended.code == 0
    assert "--json" in ended.out
    assert f"Example: kartu {' '.join(words)}" in ended.out


def test_help_of_the_whole_shows_every_group_and_the_exit_codes(tmp_path: Path) -> None:
    ended = kartu("--help", data_dir=tmp_path)
    assert ended.code == 0
    assert all(name in ended.out for name in ("doctor", "reader", "card"))
    assert "Exit codes: 0 done" in ended.out


def run_sabotaged(code: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """The command with one function replaced, in a process of its own."""
    program = f"import sys\nimport reader_tools.cli.reader as reader\n{code}\nfrom reader_tools.__main__ import run\nsys.exit(run(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", program, "reader", "test"],
        cwd=ROOT,
        env=os.environ | {"KARTU_DATA_DIR": str(data_dir), "KARTU_LANGUAGE": "en"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_unforeseen_is_a_code_and_a_log_without_values(tmp_path: Path) -> None:
    """What nobody foresaw ends as kartu-internal; its message, which may hold a PIN, is written nowhere."""
    ended = run_sabotaged("def fails(*a): raise RuntimeError('PIN 12345678')\nreader.open_card = fails", tmp_path)
    log = tmp_path / "log" / "kartu.log"
    assert ended.returncode == 4
    assert ended.stderr.startswith("kartu-internal ")
    assert str(log) in ended.stderr
    assert "RuntimeError" in log.read_text()
    assert "12345678" not in log.read_text() + ended.stderr + ended.stdout


def test_the_unforeseen_where_no_log_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file where a folder should be")
    ended = run_sabotaged("def fails(*a): raise RuntimeError\nreader.open_card = fails", tmp_path)
    assert ended.returncode == 4
    assert ended.stderr.startswith("kartu-internal ")
    assert "Traceback" not in ended.stderr


def test_a_reader_of_our_output_that_goes_away_is_no_error(tmp_path: Path) -> None:
    script = f"{sys.executable} -m reader_tools reader list --json | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=os.environ | {"KARTU_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "0"
    assert done.stderr == ""


def test_json_is_plain_and_readable(tmp_path: Path) -> None:
    """Bytes are hex, nothing is escaped that need not be."""
    ended = kartu("doctor", "--json", data_dir=tmp_path)
    assert "\\u" not in ended.out
    assert json.loads(ended.out)["findings"]
