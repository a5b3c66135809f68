# SPDX-License-Identifier: Apache-2.0
"""What somebody types at the terminal, unseen, as octets that can be wiped: ``getpass`` of the library gives a text, and texts stay in memory."""

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from hsm.errors import PassphraseUnusable

TERMINAL = "terminal"
MOST = 4096  # octets of a line that the system edits (termios(3), canonical mode)
_LOCAL_FLAGS = 3  # in what tcgetattr gives
_LINE_ENDS = b"\r\n"


def ask_on_terminal(prompt: str) -> bytearray:
    """One line, without its end. Raises PassphraseUnusable where there is no terminal, or it ends."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        raise PassphraseUnusable(source=TERMINAL, rule="no terminal here; name a file") from None
    try:
        with _without_echo(terminal):
            os.write(terminal, prompt.encode())
            return _line(terminal)
    except (OSError, termios.error):
        raise PassphraseUnusable(source=TERMINAL, rule="the terminal can't be used; name a file") from None
    finally:
        os.close(terminal)


def _line(terminal: int) -> bytearray:
    room = bytearray(MOST)
    try:
        read = os.readv(terminal, [room])
        if not read:
            raise PassphraseUnusable(source=TERMINAL, rule="nothing typed; name a file")
        while read and room[read - 1] in _LINE_ENDS:
            read -= 1
        # A new one as long as it is: a buffer that shrinks may be moved, and leaves a copy.
        return bytearray(memoryview(room)[:read])
    finally:
        room[:] = bytes(MOST)


@contextmanager
def _without_echo(terminal: int) -> Iterator[None]:
    """What was typed before the question is thrown away; the terminal is as it was afterwards, whatever happened."""
    before = termios.tcgetattr(terminal)
    unseen = [*before]
    unseen[_LOCAL_FLAGS] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSAFLUSH, unseen)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        os.write(terminal, b"\n")
