# SPDX-License-Identifier: Apache-2.0
"""Our other programs, run with the same Python and the same code as this one."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from reader_tools.cli.output import Output, print_json

PACKAGES = Path(__file__).parents[2]  # where hsm and api lie beside reader_tools


def command(module: str, *arguments: str | Path) -> list[str]:
    """The command line of one of our packages. -P: a folder named hsm where the user happens to stand is not run."""
    return [sys.executable, "-P", "-m", module, *map(str, arguments)]


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with our packages to be found, and with ``settings``."""
    path = os.pathsep.join(filter(None, (str(PACKAGES), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path, **(settings or {})}


def become(line: Sequence[str], env: Mapping[str, str], output: Output, document: Mapping[str, object]) -> NoReturn:
    """Go on as that program, in the foreground and under the same process id: signals reach it, and its end is ours.

    With ``--json`` standard output holds ``document`` alone, and what the program says goes to standard error.
    """
    if output.as_json:
        print_json({**document, "pid": os.getpid()})
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(line[0], list(line), dict(env))  # noqa: S606 - our own program, and no shell is the point
