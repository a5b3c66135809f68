# SPDX-License-Identifier: Apache-2.0
"""SoftHSM's settings: which file is in force, and where its tokens lie (softhsm2.conf(5))."""

import os
import re
from pathlib import Path
from typing import Final

# In the order in which SoftHSM looks for its settings.
_SETTINGS: Final = (
    Path("~/.config/softhsm2/softhsm2.conf"),
    Path("/etc/softhsm/softhsm2.conf"),
    Path("/etc/softhsm2.conf"),
)
_FOLDER: Final = "directories.tokendir"
_COMMENT: Final = re.compile("[#\r]")


def settings_in_force() -> Path | None:
    """The file that SoftHSM reads in this process, if there is one."""
    named = os.environ.get("SOFTHSM2_CONF")
    candidates = [Path(named)] if named else [path.expanduser() for path in _SETTINGS]
    return next((path for path in candidates if path.is_file()), None)


def token_folder(settings: Path | None) -> Path | None:
    """The folder of tokens that the settings name, read as SoftHSM reads them; None where they name none, or can't be read.

    A line ends at ``#``; what stands between ``=`` signs are name and value; of several lines the last counts (its SimpleConfigLoader).
    Reading them otherwise would be to look at one folder while the keys lie in another.
    """
    try:
        lines = settings.read_bytes().decode("latin-1").split("\n") if settings else []
    except OSError:
        return None
    folder = None
    for line in lines:
        words = [word for word in _COMMENT.split(line, maxsplit=1)[0].split("=") if word]
        if len(words) > 1 and words[0].strip() == _FOLDER:
            folder = words[1].strip()
    return Path(folder.encode("latin-1").decode(errors="surrogateescape")).absolute() if folder else None
