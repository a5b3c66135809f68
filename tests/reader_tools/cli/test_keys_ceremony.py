# SPDX-License-Identifier: Apache-2.0
"""``kartu keys ceremony`` with the example plan, as the people in the room run it."""

import hashlib
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from hsm.stores.key_generation import WELL_KNOWN_TRANSPORT_MASTER
from reader_tools.cli.hsm import KeyFiles
from reader_tools.cli.settings import Settings
from tests.reader_tools.cli.desk import Desk, own_environment
from tests.reader_tools.command_line import ROOT

EXAMPLE = ROOT / "examples" / "ceremony.toml"
HASH = hashlib.sha256(EXAMPLE.read_bytes()).hexdigest()
CUSTODIANS = ("Siti Rahayu", "Budi Santoso", "Made Wirawan", "Agus Salim", "Ratna Dewi")
PATIENCE = 60.0  # seconds of silence


def secret_file(path: Path, content: str) -> Path:
    path.write_text(content)
    path.chmod(0o600)
    return path


def brought(folder: Path) -> list[str]:
    """The options that name everybody's files."""
    words = []
    for number, name in enumerate(CUSTODIANS):
        words += ["--custodian", f"{name}={secret_file(folder / f'passphrase-{number}', name * 2)}"]
    first = os.urandom(32)
    second = bytes(a ^ b for a, b in zip(first, WELL_KNOWN_TRANSPORT_MASTER, strict=True))
    for number, component in enumerate((first, second), 1):
        words += ["--component", f"FF:{number}={secret_file(folder / f'component-{number}', component.hex())}"]
    return words


def test_the_example_is_reviewed_held_and_its_transcript_verified(bare_desk: Desk) -> None:
    shown = bare_desk.json("keys", "ceremony", EXAMPLE, "--show")
    assert shown["plan_sha256"] == HASH
    assert len(shown["keys"]) == 94
    out = bare_desk.folder / "out"
    words = ["keys", "ceremony", str(EXAMPLE), "--plan-hash", HASH, "--out", str(out), *brought(bare_desk.folder)]
    ended = bare_desk(*words)
    assert ended.code == 0, ended.err
    assert "94 keys" in ended.out
    assert re.findall(r"^\[(\d)/9\] ", ended.err, re.MULTILINE) == [str(number) for number in range(1, 10)]
    assert len(list((out / "shares").iterdir())) == 5
    # The key process of this machine serves what was made.
    assert len(bare_desk.json("keys", "list")["keys"]) == 94
    found = bare_desk.json("keys", "ceremony", out / "transcript.pdf", "--verify")
    assert found["statement"]["plan_sha256"] == HASH
    (out / "transcript.txt").write_text((out / "transcript.txt").read_text().replace("Siti", "Sitti"))
    assert bare_desk.refused("keys", "ceremony", out, "--verify", code=1) == "hsm-statement-refused"
    # And it is not held twice.
    assert bare_desk.refused(*words, code=1) == "hsm-ceremony-refused"


def test_what_nobody_confirmed_does_not_run(bare_desk: Desk) -> None:
    for words in ((), ("--plan-hash", "00" * 32), ("--plan-hash", HASH[:-1])):
        assert bare_desk.refused("keys", "ceremony", EXAMPLE, *words, code=5) == "hsm-ceremony-plan-refused"
    assert not KeyFiles.of(Settings.load()).store.exists()


def test_a_plan_for_another_store_does_not_run(bare_desk: Desk) -> None:
    plan = bare_desk.folder / "plan.toml"
    plan.write_text(EXAMPLE.read_text().replace("file:keys.sealed", "file:other.sealed"))
    digest = hashlib.sha256(plan.read_bytes()).hexdigest()
    error = bare_desk.json("keys", "ceremony", plan, "--plan-hash", digest, code=5)["error"]
    assert error["code"] == "hsm-ceremony-plan-refused"
    assert "names the store" in error["evidence"]["rule"]


def test_people_read_the_plan_in_both_languages(bare_desk: Desk) -> None:
    assert "sector-master 30 5F: " in bare_desk("keys", "ceremony", EXAMPLE, "--show").out
    bare_desk.set("KARTU_LANGUAGE", "id")
    assert "Pemegang pecahan: 3 / Siti Rahayu" in bare_desk("keys", "ceremony", EXAMPLE, "--show").out


def test_no_secret_is_a_word_of_the_command(bare_desk: Desk) -> None:
    """--custodian takes a file; a passphrase in its place names no file, and is not shown."""
    words = ("--plan-hash", HASH, "--out", bare_desk.folder / "out", "--custodian", "Siti Rahayu=correct horse")
    ended = bare_desk("keys", "ceremony", EXAMPLE, *words)
    assert "hsm-passphrase-unusable" in ended.err
    assert "Siti Rahayu" in ended.err
    assert "correct horse" not in ended.out + ended.err


def at_a_terminal(folder: Path, words: list[str], answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run the command with a terminal of its own, answering each question as it comes; exit code and what the screen showed."""
    pid, terminal = pty.fork()
    if pid == 0:  # the child
        os.chdir(ROOT)
        environment = own_environment(folder, KARTU_LANGUAGE="id", TERM="xterm")
        program = [sys.executable, "-m", "reader_tools", *words]
        os.execve(program[0], program, environment)  # noqa: S606 - a shell would only stand between
    screen, left = "", list(answers)
    while select.select([terminal], [], [], PATIENCE)[0]:
        try:
            read = os.read(terminal, 4096).decode(errors="replace")
        except OSError:
            break
        screen += read
        while left and left[0][0] in screen.rpartition("<answered>")[2]:
            os.write(terminal, left.pop(0)[1].encode() + b"\n")
            screen += "<answered>"
    os.close(terminal)  # hangs up, should it still ask
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), screen


@pytest.fixture
def small_plan(tmp_path: Path) -> Path:
    """Two of two, and few keys: what a test types."""
    plan = tmp_path / "plan.toml"
    text = EXAMPLE.read_text().replace("threshold = 3", "threshold = 2")
    text = re.sub(r"custodians = .*", 'custodians = ["Siti", "Budi"]', text).replace('"10-5F", "70"', '"70"')
    plan.write_text(text[: text.index("# The chip supplier")])
    return plan


def test_typed_at_a_terminal_confirmed_and_unseen(small_plan: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(small_plan.read_bytes()).hexdigest()
    answers = [
        ("huruf pertama hash", f"{digest[:16].upper()} {digest[16:32]}"),
        ("Siti - frasa sandi baru", "rahasia Siti 1"),
        ("Siti - ulangi", "rahasia Siti 1"),
        ("Budi - frasa sandi baru", "rahasia Budi 2"),
        ("Budi - ulangi", "rahasia Budi 2"),
    ]
    words = ["keys", "ceremony", str(small_plan), "--out", str(tmp_path / "out")]
    code, screen = at_a_terminal(tmp_path / "desk", words, answers)
    assert code == 0, screen
    assert "Upacara selesai" in screen
    assert "rahasia" not in screen


@pytest.mark.parametrize("typed", ["0" * 32, "first 12"])
def test_a_wrong_hash_typed_stops_it_and_so_does_a_short_one(typed: str, small_plan: Path, tmp_path: Path) -> None:
    """Twelve characters are found again by whoever writes two plans; nor is there anything on the screen to copy."""
    digest = hashlib.sha256(small_plan.read_bytes()).hexdigest()
    words = ["keys", "ceremony", str(small_plan), "--out", str(tmp_path / "out")]
    answer = digest[:12] if typed == "first 12" else typed
    code, screen = at_a_terminal(tmp_path / "desk", words, [("huruf pertama hash", answer)])
    assert code == 5, screen
    assert "hsm-ceremony-plan-refused" in screen
    assert digest[12:] not in screen.partition("<answered>")[0]
    assert not (tmp_path / "out").exists()


def test_two_entries_that_differ_stop_it(small_plan: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(small_plan.read_bytes()).hexdigest()
    answers = [("Siti - frasa sandi baru", "rahasia Siti 1"), ("Siti - ulangi", "rahasia Siti 2")]
    words = ["keys", "ceremony", str(small_plan), "--plan-hash", digest, "--out", str(tmp_path / "out")]
    code, screen = at_a_terminal(tmp_path / "desk", words, answers)
    assert code == 4, screen
    assert "hsm-passphrase-unusable" in screen


def test_without_a_terminal_it_asks_nobody(small_plan: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(small_plan.read_bytes()).hexdigest()
    words = ["keys", "ceremony", str(small_plan), "--plan-hash", digest, "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "reader_tools", *words],
        cwd=ROOT,
        env=own_environment(tmp_path / "desk", KARTU_LANGUAGE="en"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 4
    assert "no terminal here" in done.stderr
