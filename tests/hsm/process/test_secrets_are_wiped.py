# SPDX-License-Identifier: Apache-2.0
"""PINs and passphrases, from wherever they come, are octets that are wiped: afterwards no copy is left in the whole memory of the process."""

import os
import pty
import sys
from pathlib import Path

import pytest

from tests.hsm.running import ROOT
from tests.process_memory import found_in

SECRET = "rahasia-" + "7193-5208-4466-" * 5


def until(terminal: int, word: str) -> None:
    screen = ""
    while word not in screen:
        screen += os.read(terminal, 4096).decode()


def looked_at(source: str, *, typed: bool = False) -> tuple[set[str], set[str]]:
    """What is found of the secret while the process has it, and afterwards."""
    pid, terminal = pty.fork()
    if pid == 0:  # the child
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "tests.hsm.holding_secrets", source])  # noqa: S606 - a shell would only stand between
    planted = {"the secret": SECRET.encode()}
    if typed:
        until(terminal, "passphrase: ")
        os.write(terminal, SECRET.encode() + b"\n")
    until(terminal, f"<{len(SECRET)} held>")
    held = found_in(pid, planted)
    os.write(terminal, b"\n")
    until(terminal, "<given back>")
    afterwards = found_in(pid, planted)
    os.write(terminal, b"\n")
    os.waitpid(pid, 0)
    os.close(terminal)
    return held, afterwards


@pytest.mark.parametrize("source", ["file", "terminal", "pipe"])
def test_a_secret_is_there_while_it_is_needed_and_nowhere_afterwards(source: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    if source == "file":
        assert looked_at(str(path)) == ({"the secret"}, set())
    elif source == "terminal":
        assert looked_at("terminal", typed=True) == ({"the secret"}, set())
    else:
        reading, writing = os.pipe()
        os.set_inheritable(reading, True)
        os.write(writing, SECRET.encode())
        os.close(writing)
        assert looked_at(str(reading)) == ({"the secret"}, set())
        os.close(reading)
