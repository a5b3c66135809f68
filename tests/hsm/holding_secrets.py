# SPDX-License-Identifier: Apache-2.0
"""Run as a process: takes a secret from a file, a descriptor or its terminal, says when it has it and when it has it no more, and waits each time."""

import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from hsm.custody.typed_secret import ask_on_terminal
from hsm.keys.passphrase import passphrase_from_descriptor, passphrase_from_file
from hsm.machine.wiping import wiped


def secret(source: str) -> AbstractContextManager[bytearray]:
    if source == "terminal":
        return wiped(ask_on_terminal("passphrase: "))
    if source.isdecimal():
        return passphrase_from_descriptor(int(source))
    return passphrase_from_file(Path(source))


def say(word: str) -> None:
    os.write(sys.stdout.fileno(), f"<{word}>".encode())
    os.read(sys.stdin.fileno(), 8)


if __name__ == "__main__":
    with secret(sys.argv[1]) as held:
        say(f"{len(held)} held")
    say("given back")
