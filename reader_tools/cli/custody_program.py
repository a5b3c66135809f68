# SPDX-License-Identifier: Apache-2.0
"""The programs of key custody (``python -m hsm.custody``, ``hsm.granting``), run to their end: its steps shown as they come, its result returned, its error raised."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hsm.errors import OperationFailed, error_from_wire
from reader_tools.cli.hsm import KeyFiles
from reader_tools.cli.output import Output
from reader_tools.cli.own_program import command, environment
from reader_tools.cli.settings import Settings

MOST_OF_A_TRACE = 64 * 1024


def ask_custody(
    settings: Settings,
    output: Output,
    verb: str,
    *arguments: str | Path,
    descriptors: Sequence[int] = (),
    program: str = "hsm.custody",
) -> dict[str, Any]:
    """The document that the verb ends with. Raises the HsmError that it names."""
    with tempfile.TemporaryFile() as trace:
        process = subprocess.Popen(  # noqa: S603 - our own program, and no shell
            command(program, verb, *arguments),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=trace,
            text=True,
            pass_fds=descriptors,
        )
        last: dict[str, Any] = {}
        with process, process.stdout or sys.stdin as lines:
            for line in lines:
                last = json.loads(line)
                if "step" in last:
                    _show_step(output, last)
        if "result" in last and process.returncode == 0:
            return dict(last["result"])
        _keep_trace(settings, trace)
    if "error" in last:
        raise error_from_wire(last["error"]["code"], last["error"]["evidence"])
    raise OperationFailed(operation=f"{program} {verb}")


def store_arguments(settings: Settings) -> tuple[str | Path, ...]:
    """The keys of this machine, as the custody program wants to hear of them. Raises KeyFileMissing."""
    files = KeyFiles.of(settings)
    files.refuse_missing()
    return files.custody_arguments


def _show_step(output: Output, step: dict[str, Any]) -> None:
    said = output.say(step["id"], step["en"])
    sys.stderr.write(f"[{step['step']}/{step['of']}] {said}\n")
    sys.stderr.flush()


def _keep_trace(settings: Settings, trace: Any) -> None:
    """What the program said on standard error holds places in the code, no values: the log gets it, the user does not."""
    trace.seek(0)
    said = trace.read(MOST_OF_A_TRACE)
    if said:
        settings.log_file.parent.mkdir(parents=True, exist_ok=True)
        with settings.log_file.open("ab") as log:
            log.write(said)
