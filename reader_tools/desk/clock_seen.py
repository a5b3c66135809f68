# SPDX-License-Identifier: Apache-2.0
"""The latest moment that this machine has seen, and what a desk decides under a clock that stands before it: nothing.

Off line the desk's own clock says whether a proof has run out. A clock set back would make lapsed proofs and keys valid again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from reader_tools.desk.errors import DeskClockBack
from reader_tools.desk.kept_file import keep

SEEN = "clock-seen"
MAX_STEP = timedelta(minutes=5)  # clocks are set by some seconds all the time


def last_seen(data_dir: Path) -> datetime | None:
    """The latest moment that was remembered; None where there is none, or none that can be read."""
    try:
        seen = datetime.fromisoformat((data_dir / SEEN).read_text())
    except (OSError, ValueError):
        return None
    return seen if seen.tzinfo else None


def remember(now: datetime, data_dir: Path) -> None:
    """Remember a moment that something outside this machine has borne out; an earlier one changes nothing. Raises DataFolderUnusable."""
    last = last_seen(data_dir)
    if last is None or now > last:
        keep(data_dir / SEEN, now.isoformat().encode("ascii"))


def refuse_set_back(now: datetime, witnesses: Mapping[str, datetime | None]) -> None:
    """Raises DeskClockBack, with the first witness of a later moment than ``now``."""
    for witness, seen in witnesses.items():
        if seen is not None and seen - now > MAX_STEP:
            raise DeskClockBack(seen_at=seen.isoformat(timespec="seconds"), witness=witness)
