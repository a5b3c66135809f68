# SPDX-License-Identifier: Apache-2.0
"""The PC/SC calls that kartu uses, over pyscard's low level, which is looked for only when a call is made.

pyscard has no Linux wheel and needs a C compiler to install, so a machine without it must still run everything else.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from reader_tools.errors import ReaderLibraryMissing
from reader_tools.pcsc.return_code import NO_READERS, SUCCESS, error_for, unsigned

PNP_NOTIFICATION = r"\\?PnP?\Notification"  # PC/SC part 5: a reader that stands for "the list of readers"


@dataclass(frozen=True, slots=True)
class Context:
    """A connection to the reader service. Close it with ``release``."""

    library: Any
    handle: Any

    def readers(self) -> list[str]:
        """Names of all readers, an empty list if there are none."""
        code, names = self.library.SCardListReaders(self.handle, [])
        if unsigned(code) == NO_READERS:
            return []
        check(code)
        return list(names)

    def status_change(self, seconds: float, states: list[tuple[str, int]]) -> tuple[int, list[tuple[str, int, bytes]]]:
        """SCardGetStatusChange: return code and, per reader, (name, event state, ATR). 0 seconds asks for the state as it is."""
        code, news = self.library.SCardGetStatusChange(self.handle, int(seconds * 1000), states)
        return unsigned(code), [(name, state, bytes(atr)) for name, state, atr in news]

    def release(self) -> None:
        """Give the context back; a service that has gone needs no farewell."""
        self.library.SCardReleaseContext(self.handle)


def check(code: int, *, reader: str = "") -> None:
    """Raise the typed error of a return code other than SUCCESS."""
    if unsigned(code) != SUCCESS:
        raise error_for(code, reader=reader)


def library() -> Any:
    """Pyscard's low level module. Raises ReaderLibraryMissing."""
    try:
        return import_module("smartcard.scard")
    except ImportError as missing:
        raise ReaderLibraryMissing(library=missing.name or "pyscard") from missing


def establish() -> Context:
    """A context with the reader service. Raises ReaderLibraryMissing, ReaderServiceDown, ReaderAccessDenied."""
    scard = library()
    try:
        code, handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    except Exception as failed:
        # pyscard opens libpcsclite at the first call, and says so with an exception class of its own when it is not there.
        raise ReaderLibraryMissing(library="libpcsclite") from failed
    check(code)
    return Context(scard, handle)
