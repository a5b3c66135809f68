# SPDX-License-Identifier: Apache-2.0
"""Probes of the PC/SC side: library, reader service (down, or closed to us), readers."""

import ctypes
from collections.abc import Callable

from reader_tools.errors import NoReader, ReaderLibraryMissing, ReaderToolsError
from reader_tools.pcsc import scard
from reader_tools.pcsc.readers import Reader
from reader_tools.pcsc.survey import survey
from reader_tools.probes.finding import Finding, Level, Part, trouble

PCSC_LIBRARY = "libpcsclite.so.1"


def probe_library(bad: Level, *, native: str = PCSC_LIBRARY) -> Finding:
    """Whether pyscard and the library under it are there. ``bad`` is how bad it is if not."""
    try:
        scard.library()
        ctypes.CDLL(native)
    except ReaderLibraryMissing as missing:
        return trouble(Part.LIBRARY, missing, bad)
    except OSError:
        return trouble(Part.LIBRARY, ReaderLibraryMissing(library=native), bad)
    return Finding(Part.LIBRARY, Level.OK, "reader-library-ok")


def probe_service(bad: Level, *, ask: Callable[[], list[Reader]] = survey) -> tuple[Finding, list[Reader]]:
    """Whether the reader service answers us, and the readers it knows."""
    try:
        readers = ask()
    except ReaderToolsError as error:
        return trouble(Part.SERVICE, error, bad), []
    return Finding(Part.SERVICE, Level.OK, "reader-service-ok"), readers


def probe_readers(bad: Level, readers: list[Reader]) -> Finding:
    """Whether there is any reader."""
    if not readers:
        return trouble(Part.READER, NoReader(), bad)
    return Finding(Part.READER, Level.OK, "reader-ok", {"readers": ", ".join(reader.name for reader in readers)})
