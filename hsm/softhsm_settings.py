# SPDX-License-Identifier: Apache-2.0
"""SoftHSM's settings: which file is in force, and where its tokens lie (softhsm2.conf(5))."""

import os
from pathlib import Path
from typing import Final

# In the order in which SoftHSM looks for its settings.
_SETTINGS: Final = (
    Path("~/.config/softhsm2/softhsm2.conf"),
    Path("/etc/softhsm/softhsm2.conf"),
    Path("/etc/softhsm2.conf"),
)
_FOLDER: Final = "directories.tokendir"


def settings_in_force() -> Path | None:
    """The file that SoftHSM reads in this process, if there is one."""
    named = os.environ.get("SOFTHSM2_CONF")
    candidates = [Path(named)] if named else [path.expanduser() for path in _SETTINGS]
    return next((path for path in candidates if path.is_file()), None)


def token_folder(settings: Path | None) -> Path | None:
    """The folder of tokens that the settings name, if it is there."""
    try:
        lines = settings.read_text().splitlines() if settings else []
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        name, _, value = line.partition("=")
        if name.strip() == _FOLDER and Path(value.strip()).is_dir():
            return Path(value.strip())
    return None
