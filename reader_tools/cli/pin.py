# SPDX-License-Identifier: Apache-2.0
"""The PIN that a holder chooses: asked twice without echo, or read from a file or standard input. Never from argv, never shown."""

import os
import stat
import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from cardservice.card_edge.piv.pin import PIN_LENGTHS
from reader_tools.cli.output import Output
from reader_tools.errors import PinUnusable

STANDARD_INPUT = Path("-")
MOST_READ = 64  # more than any PIN with its line end
OTHERS = 0o077

PinFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--pin-file",
        help="Read the PIN from this file (closed to others) or, for -, from standard input. Default: ask on the terminal.",
        show_default=False,
    ),
]


def read_pin(output: Output, pin_file: Path | None) -> bytes:
    """The PIN, 6 to 8 digits. Raises PinUnusable, whose evidence never holds what was typed."""
    if pin_file is None:
        return _asked(output)
    if pin_file == STANDARD_INPUT:
        return _pin(sys.stdin.readline(MOST_READ), source="-")
    return _from_file(pin_file)


def _asked(output: Output) -> bytes:
    if not sys.stdin.isatty():
        raise PinUnusable(source="terminal", rule="no terminal here; use --pin-file")
    try:
        first = getpass(output.say("PIN baru (6 sampai 8 angka): ", "New PIN (6 to 8 digits): "), stream=sys.stderr)
        pin = _pin(first, source="terminal")
        again = getpass(output.say("Ulangi PIN: ", "Repeat the PIN: "), stream=sys.stderr)
    except EOFError:
        raise PinUnusable(source="terminal", rule="nothing was typed") from None
    if again != first:
        raise PinUnusable(source="terminal", rule="the two entries differ")
    return pin


def _from_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            # A pipe, as the shell's <(...) makes one, is closed to others anyway.
            if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) & OTHERS:
                raise PinUnusable(source=str(path), rule="others can read the file: chmod 600")
            content = file.read(MOST_READ)
    except OSError as failed:
        raise PinUnusable(source=str(path), rule=failed.strerror or "can't be read") from None
    return _pin(content.decode("ascii", "replace"), source=str(path))


def _pin(text: str, *, source: str) -> bytes:
    pin = text.strip("\r\n")
    if not (pin.isascii() and pin.isdigit() and len(pin) in PIN_LENGTHS):
        raise PinUnusable(source=source, rule="a PIN has 6 to 8 digits")
    return pin.encode("ascii")
