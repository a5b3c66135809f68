# SPDX-License-Identifier: Apache-2.0
"""The PC/SC calls that kartu uses, over pyscard's low level, which is looked for only when a call is made.

pyscard has no Linux wheel and needs a C compiler to install, so a machine without it must still run everything else.
"""

import os
import socket
import time
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from reader_tools.errors import ReaderLibraryMissing
from reader_tools.pcsc.return_code import (
    NO_ACCESS,
    NO_READERS,
    NO_SERVICE,
    SECURITY_VIOLATION,
    SUCCESS,
    error_for,
    on_open_context,
    unsigned,
)

PCSCD_SOCKET = "/run/pcscd/pcscd.comm"
HUNG_UP_SECONDS = 0.5
PNP_NOTIFICATION = r"\\?PnP?\Notification"  # PC/SC part 5: a reader that stands for "the list of readers"


@dataclass(frozen=True, slots=True)
class Context:
    """A connection to the reader service. Close it with ``release``."""

    library: Any
    handle: Any

    def readers(self) -> list[str]:
        """Names of all readers, an empty list if there are none."""
        code, names = self.library.SCardListReaders(self.handle, [])
        code = on_open_context(code)
        if code == NO_READERS:
            return []
        check(code)
        return list(names)

    def status_change(self, seconds: float, states: list[tuple[str, int]]) -> tuple[int, list[tuple[str, int, bytes]]]:
        """SCardGetStatusChange: return code and, per reader, (name, event state, ATR). 0 seconds asks for the state as it is."""
        code, news = self.library.SCardGetStatusChange(self.handle, int(seconds * 1000), states)
        return on_open_context(code), [(name, state, bytes(atr)) for name, state, atr in news]

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
    code, handle = _establish(scard)
    if unsigned(code) == SECURITY_VIOLATION:
        # polkit refuses again; a service that was just stopping or starting, and hung up on us, does not.
        time.sleep(HUNG_UP_SECONDS)
        code, handle = _establish(scard)
    if unsigned(code) == NO_SERVICE and _socket_refuses_us():
        code = NO_ACCESS
    check(code)
    return Context(scard, handle)


def _establish(scard: Any) -> tuple[int, Any]:
    try:
        code, handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    except Exception as failed:
        # pyscard opens libpcsclite at the first call, and says so with an exception class of its own when it is not there.
        raise ReaderLibraryMissing(library="libpcsclite") from failed
    return code, handle


def _socket_refuses_us() -> bool:
    """Whether the service's socket is there but closed to this user: pcsclite calls that, too, "no service"."""
    path = os.environ.get("PCSCLITE_CSOCK_NAME", PCSCD_SOCKET)
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except PermissionError:
            return True
        except OSError:
            return False
    return False
