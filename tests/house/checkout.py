# SPDX-License-Identifier: Apache-2.0
"""The files of this checkout, for the tests of the house: what git tracks, and what it would track."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("cardservice", "hsm", "api", "reader_tools", "applets")


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks or would track, relative to the root; those that match one of the patterns, if any are given."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {Path(name) for name in listed.stdout.split("\0") if name}
    return sorted(name for name in names if (ROOT / name).is_file())


def product() -> list[Path]:
    """The Python files of our packages."""
    return [path for path in tracked("*.py") if path.parts[0] in PACKAGES]
