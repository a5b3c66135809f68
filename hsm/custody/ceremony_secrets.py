# SPDX-License-Identifier: Apache-2.0
"""The secrets that people bring to a ceremony or a restoration: typed at the terminal without echo, or read from files closed to others."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from getpass import getpass
from pathlib import Path

from hsm.custody.plan import PlannedTransport
from hsm.errors import KeyFileError, PassphraseUnusable
from hsm.passphrase import MIN_LENGTH, passphrase_from_file
from hsm.protected_file import read_protected

MAX_COMPONENT_FILE = 256  # bytes: 64 hexadecimal digits with white space among them
TERMINAL = "terminal"


def ask_on_terminal(prompt: str) -> str:
    """What somebody types, unseen. Raises PassphraseUnusable where there is no terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY))
        return getpass(prompt)
    except (OSError, EOFError):
        raise PassphraseUnusable(source=TERMINAL, rule="no terminal here, or nothing typed; name a file") from None


@dataclass(frozen=True, slots=True)
class BroughtSecrets:
    """Files by custodian, and by (version, component) of transport keys; for whoever has none, the terminal."""

    passphrases: Mapping[str, Path] = field(default_factory=dict)
    components: Mapping[tuple[int, int], Path] = field(default_factory=dict)
    ask: Callable[[str], str] = ask_on_terminal

    @contextmanager
    def passphrase_of(self, custodian: str) -> Iterator[bytearray]:
        """A custodian's passphrase for a new share; typed, it is typed twice. Raises PassphraseUnusable."""
        if custodian in self.passphrases:
            with passphrase_from_file(self.passphrases[custodian]) as passphrase:
                yield passphrase
            return
        typed = self._typed(f"{custodian} - frasa sandi baru / new passphrase: ")
        if self.ask(f"{custodian} - ulangi / repeat: ").encode() != typed:
            raise PassphraseUnusable(source=TERMINAL, rule="the two entries differ")
        yield from _wiping(typed)

    @contextmanager
    def passphrase_for(self, share: Path) -> Iterator[bytearray]:
        """The passphrase of a share that is there already. Raises PassphraseUnusable."""
        if share.name in self.passphrases:
            with passphrase_from_file(self.passphrases[share.name]) as passphrase:
                yield passphrase
            return
        yield from _wiping(self._typed(f"{share.name} - frasa sandi / passphrase: "))

    def component(self, transport: PlannedTransport, number: int) -> bytearray:
        """One component of a transport key, in hexadecimal digits. Raises PassphraseUnusable."""
        version = transport.plan.version
        path = self.components.get((version, number))
        called = f"{version:02X}:{number}"
        if path is None:
            text = self.ask(f"Kunci transpor / transport key {called} - komponen / component (hex): ")
        else:
            text = _content(path)
        try:
            return bytearray.fromhex(text)
        except ValueError:
            raise PassphraseUnusable(source=f"component {called}", rule="must be hexadecimal digits") from None

    def _typed(self, prompt: str) -> bytearray:
        typed = bytearray(self.ask(prompt).encode())
        if len(typed) < MIN_LENGTH:
            raise PassphraseUnusable(source=TERMINAL, rule=f"shorter than {MIN_LENGTH} bytes")
        return typed


def _wiping(secret: bytearray) -> Iterator[bytearray]:
    try:
        yield secret
    finally:
        secret[:] = bytes(len(secret))


def _content(path: Path) -> str:
    try:
        return read_protected(path, MAX_COMPONENT_FILE).decode("ascii", "replace")
    except KeyFileError as error:
        raise PassphraseUnusable(source=str(path), rule=str(error.evidence.get("rule", "not there"))) from None
