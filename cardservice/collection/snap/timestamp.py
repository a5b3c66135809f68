# SPDX-License-Identifier: Apache-2.0
"""X-TIMESTAMP and the times in bodies: ``yyyy-MM-ddTHH:mm:ssTZD`` (ISO 8601), with a zone always."""

import re
from datetime import datetime, timedelta

from cardservice.coverage.civil_time import JAKARTA

WINDOW = timedelta(minutes=5)  # how far a bank's clock may be from ours, either way

_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


def read_timestamp(text: str) -> datetime | None:
    """An aware moment; None for any other form, and for days and hours that there are not (30 February, 24:00)."""
    if _FORM.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def write_timestamp(moment: datetime) -> str:
    """In Jakarta's zone, whole seconds."""
    return moment.astimezone(JAKARTA).isoformat(timespec="seconds")


def within_window(sent: datetime, now: datetime) -> bool:
    """Whether a request may have been made just now: a recorded one is refused when it is replayed later."""
    return abs(now - sent) <= WINDOW
