# SPDX-License-Identifier: Apache-2.0
"""Probe of this machine's clock, without a time server: it may not run back behind what we have seen, nor differ from the service's.

An offline desk decides by its clock whether a cover proof has run out, so a clock set back would make lapsed cards valid.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import reader_tools
from reader_tools.desk.clock_seen import last_seen, remember
from reader_tools.errors import DataFolderUnusable
from reader_tools.probes.finding import Finding, Level, Part, trouble

TOLERANCE = timedelta(seconds=30)  # half of a challenge's life


def probe_clock(now: datetime, data_dir: Path, service_date: str | None = None) -> Finding:
    """Compare ``now`` (aware) with the latest time seen before, our files' times, and the service's Date header (RFC 9110, 6.6.1).

    Remembers ``now`` as seen if nothing speaks against it, so that a clock set back later is noticed without any network.
    """
    for witness, earliest in (("clock-seen", last_seen(data_dir)), ("files", _newest_file(data_dir))):
        if earliest is not None and now < earliest - TOLERANCE:
            return _off(witness, now - earliest)
    theirs = _date(service_date)
    if theirs is not None and abs(now - theirs) > TOLERANCE:
        return _off("api", now - theirs)
    if data_dir.is_dir():
        try:
            remember(now, data_dir)
        except DataFolderUnusable as refused:
            return trouble(Part.CLOCK, refused, Level.WARN)
    return Finding(Part.CLOCK, Level.OK, "clock-ok", {"checked_against": "api" if theirs else "files"})


def _off(witness: str, difference: timedelta) -> Finding:
    seconds = round(difference.total_seconds())
    return Finding(Part.CLOCK, Level.FAIL, "clock-off", {"seconds": seconds, "witness": witness})


def _newest_file(data_dir: Path) -> datetime | None:
    """The latest time that our own files bear: the installed program, and what lies in the data folder."""
    program = Path(reader_tools.__file__).parent
    times = [path.stat().st_mtime for folder in (program, data_dir) if folder.is_dir() for path in folder.glob("*.*")]
    return datetime.fromtimestamp(max(times), UTC) if times else None


def _date(header: str | None) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed and not parsed.tzinfo else parsed
