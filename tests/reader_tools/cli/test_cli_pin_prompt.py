# SPDX-License-Identifier: Apache-2.0
"""The PIN typed at a real terminal: asked twice, echoed never."""

import os
import pty
import re
import select
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.reader_tools.cli.desk import PIN, Desk, KeyDesk, own_environment
from tests.reader_tools.command_line import ROOT

PATIENCE = 30.0  # seconds of silence


@dataclass(frozen=True)
class Typed:
    code: int
    out: str
    screen: str


ECHOING = """
import sys
from reader_tools.cli import pin
def getpass(prompt, stream):
    stream.write(prompt); stream.flush()
    return input()
pin.getpass = getpass
from reader_tools.__main__ import run
sys.exit(run(sys.argv[1:]))
"""


def personalize(
    desk: Desk,
    key_desk: KeyDesk,
    order_id: str,
    typed: list[str],
    language: str = "en",
    program: tuple[str, ...] = ("-m", "reader_tools"),
) -> Typed:
    """Run the command with a terminal as standard input and error, answering each question as it comes."""
    ours, theirs = pty.openpty()
    environment = own_environment(desk.folder, KARTU_HSM_SOCKET=str(key_desk.socket), TERM="xterm")
    process = subprocess.Popen(
        [sys.executable, *program, "card", "personalize", order_id],
        cwd=ROOT,
        env=environment | {"KARTU_LANGUAGE": language},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
        text=True,
    )
    os.close(theirs)
    screen = ""
    answers = iter(typed)
    while True:
        assert select.select([ours], [], [], PATIENCE)[0], screen
        try:
            seen = os.read(ours, 4096).decode(errors="replace")
        except OSError:  # the other end is closed
            break
        screen += seen
        # Exactly here: whatever is typed before the question is thrown away, as by getpass for people.
        if screen.endswith(": ") and (answer := next(answers, None)) is not None:
            os.write(ours, f"{answer}\n".encode())
    os.close(ours)
    out, _ = process.communicate(timeout=30)
    return Typed(process.returncode, out, screen)


def test_a_pin_is_typed_twice_and_not_seen(desk: Desk, key_desk: KeyDesk) -> None:
    desk.blank_card()
    typed = personalize(desk, key_desk, desk.approved_order(), [PIN, PIN])
    assert (typed.code, "The card is live" in typed.out) == (0, True)
    assert "New PIN (6 to 8 digits): " in typed.screen
    assert "Repeat the PIN: " in typed.screen
    assert PIN not in typed.screen + typed.out
    # A terminal shows the step under way, then ticks it in the same line.
    plain = re.sub("\x1b\\[[0-9;]*m", "", typed.screen)
    assert re.search("  [.]  1 look at the chip [^\r\n]*\r  ✓  1 look at the chip [^\r\n]* ms\r\n", plain)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [([PIN, "271829"], "the two entries differ"), (["12"], "a PIN has 6 to 8 digits"), (["\x04"], "nothing was typed")],
)
def test_a_slip_leaves_the_card_blank(desk: Desk, key_desk: KeyDesk, typed: list[str], reason: str) -> None:
    desk.blank_card()
    ended = personalize(desk, key_desk, desk.approved_order(), typed)
    assert ended.code == 5
    assert reason in ended.screen
    assert desk.json("card", "info")["blank"] is True


def test_the_questions_in_indonesian(desk: Desk, key_desk: KeyDesk) -> None:
    desk.blank_card()
    typed = personalize(desk, key_desk, desk.approved_order(), [PIN, PIN], language="id")
    assert typed.code == 0
    assert "PIN baru (6 sampai 8 angka): " in typed.screen
    assert "lihat cip kartu" in typed.screen


def test_a_question_that_echoes_would_be_seen(desk: Desk, key_desk: KeyDesk) -> None:
    """Sabotage control: with an ordinary question the PIN stands on the screen."""
    desk.blank_card()
    typed = personalize(desk, key_desk, desk.approved_order(), [PIN, PIN], program=("-c", ECHOING))
    assert typed.code == 0
    assert PIN in typed.screen
