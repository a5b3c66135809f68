# SPDX-License-Identifier: Apache-2.0
"""Probe of the key process: whether it answers a ping on its socket."""

from pathlib import Path

from hsm.client import KeyProcess
from hsm.errors import HsmError
from reader_tools.probes.finding import Finding, Level, Part, trouble


def probe_keys(socket: Path, bad: Level = Level.FAIL) -> Finding:
    """Ping. Says which back end holds the keys."""
    try:
        with KeyProcess(socket) as keys:
            backend = keys.ping()
    except HsmError as error:
        return trouble(Part.KEYS, error, bad)
    return Finding(Part.KEYS, Level.OK, "keys-ok", {"socket": socket, "backend": backend})
