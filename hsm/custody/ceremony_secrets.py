# SPDX-License-Identifier: Apache-2.0
"""The secrets that people bring to a ceremony or a restoration: typed at the terminal without echo, or read from files closed to others."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hsm.custody.plan import PlannedTransport
from hsm.custody.typed_secret import TERMINAL, ask_on_terminal
from hsm.errors import KeyFileError, PassphraseUnusable
from hsm.keys.passphrase import MIN_LENGTH, passphrase_from_file
from hsm.machine.protected_file import read_secret
from hsm.machine.wiping import wiped

MAX_COMPONENT_FILE = 256  # bytes: 64 hexadecimal digits with white space among them
_DIGITS = b"0123456789abcdef"
_WHITE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class BroughtSecrets:
    """Files by custodian, and by (version, component) of transport keys; for whoever has none, the terminal."""

    passphrases: Mapping[str, Path] = field(default_factory=dict)
    components: Mapping[tuple[int, int], Path] = field(default_factory=dict)
    ask: Callable[[str], bytearray] = ask_on_terminal

    @contextmanager
    def passphrase_of(self, custodian: str) -> Iterator[bytearray]:
        """A custodian's passphrase for a new share; typed, it is typed twice. Raises PassphraseUnusable."""
        if custodian in self.passphrases:
            with passphrase_from_file(_there(self.passphrases[custodian], custodian)) as passphrase:
                yield passphrase
            return
        with wiped(self._typed(f"{custodian} - frasa sandi baru / new passphrase: ")) as typed:
            with wiped(self.ask(f"{custodian} - ulangi / repeat: ")) as repeated:
                if repeated != typed:
                    raise PassphraseUnusable(source=TERMINAL, rule="the two entries differ")
            yield typed

    @contextmanager
    def passphrase_for(self, share: Path) -> Iterator[bytearray]:
        """The passphrase of a share that is there already. Raises PassphraseUnusable."""
        if share.name in self.passphrases:
            with passphrase_from_file(_there(self.passphrases[share.name], share.name)) as passphrase:
                yield passphrase
            return
        with wiped(self._typed(f"{share.name} - frasa sandi / passphrase: ")) as typed:
            yield typed

    def component(self, transport: PlannedTransport, number: int) -> bytearray:
        """One component of a transport key, in hexadecimal digits. Raises PassphraseUnusable."""
        version = transport.plan.version
        path = self.components.get((version, number))
        called = f"{version:02X}:{number}"
        if path is None:
            brought = self.ask(f"Kunci transpor / transport key {called} - komponen / component (hex): ")
        else:
            brought = _content(_there(path, f"component {called}"))
        with wiped(brought) as digits:
            component = _octets_of(digits)
        if component is None:
            raise PassphraseUnusable(source=f"component {called}", rule="must be hexadecimal digits")
        return component

    def _typed(self, prompt: str) -> bytearray:
        typed = self.ask(prompt)
        if len(typed) < MIN_LENGTH:
            raise PassphraseUnusable(source=TERMINAL, rule=f"shorter than {MIN_LENGTH} bytes")
        return typed


def _octets_of(digits: bytearray) -> bytearray | None:
    """What hexadecimal digits say, white space between octets allowed; None for anything else. Without a text, which could not be wiped."""
    with wiped(bytearray(len(digits) // 2)) as octets:
        read, high = 0, -1
        for digit in digits:
            if digit in _WHITE and high < 0:
                continue
            value = _DIGITS.find(digit | 0x20 if digit >= ord("A") else digit)
            if value < 0:
                return None
            if high < 0:
                high = value
            else:
                octets[read], read, high = high << 4 | value, read + 1, -1
        return None if high >= 0 else bytearray(memoryview(octets)[:read])


def _there(path: Path, whose: str) -> Path:
    """The same file. A name that is none may be the secret itself, typed in its place: it is told by whose it is, and shown nowhere."""
    try:
        path.stat()
    except (OSError, ValueError):
        raise PassphraseUnusable(source=whose, rule="the file that is named for it is not there") from None
    return path


def _content(path: Path) -> bytearray:
    try:
        return read_secret(path, MAX_COMPONENT_FILE)
    except KeyFileError as error:
        raise PassphraseUnusable(source=str(path), rule=str(error.evidence.get("rule", "not there"))) from None
