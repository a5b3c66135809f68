# SPDX-License-Identifier: Apache-2.0
"""``kartu`` as a user runs it: a process of its own, with a data folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


def kartu(
    *arguments: str | Path, data_dir: Path, environment: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> Ended:
    """Run one command. Nothing of the caller's KARTU_ settings reaches it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KARTU_")}
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "reader_tools", *map(str, arguments)],
        cwd=ROOT,
        env=inherited | {"KARTU_DATA_DIR": str(data_dir), "COLUMNS": "200"} | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)
