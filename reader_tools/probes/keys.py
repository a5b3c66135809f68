# SPDX-License-Identifier: Apache-2.0
"""Probe of the key process: whether it answers a ping on its socket."""

from pathlib import Path

from hsm.client.key_process import KeyProcess
from hsm.errors import HsmError
from reader_tools.probes.finding import Finding, Level, Part, trouble


def probe_keys(socket: Path, bad: Level = Level.FAIL, *, keys_uid: int | None = None) -> Finding:
    """Ping. Says which back end holds the keys; ``keys_uid`` is the user that runs the key process, where it is not our own."""
    try:
        with KeyProcess(socket, server_uids=None if keys_uid is None else [keys_uid]) as keys:
            backend = keys.ping()
    except HsmError as error:
        return trouble(Part.KEYS, error, bad)
    return Finding(Part.KEYS, Level.OK, "keys-ok", {"socket": socket, "backend": backend})
