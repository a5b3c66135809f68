# SPDX-License-Identifier: Apache-2.0
"""Probe of the list of withdrawals that this desk goes by: which one, of when, and whether it is time to fetch the next."""

from datetime import datetime, timedelta

from cardservice.credentials.ca_withdrawals import MAX_AGE
from reader_tools.desk.errors import DeskMemoryDamaged
from reader_tools.desk.withdrawals_seen import WithdrawalsSeen
from reader_tools.errors import DataFolderUnusable
from reader_tools.probes.finding import Finding, Level, Part, trouble

WARN_AHEAD = timedelta(days=7)  # the list is published at least monthly: by then the next one is there


def probe_withdrawals(seen: WithdrawalsSeen, now: datetime) -> Finding:
    """What is remembered. A desk that never fetched a list may have no use for it: that is told, and no trouble."""
    try:
        found = seen.recall()
    except (DeskMemoryDamaged, DataFolderUnusable) as refused:
        return trouble(Part.WITHDRAWALS, refused)
    if found is None:
        return Finding(Part.WITHDRAWALS, Level.OK, "withdrawals-none")
    until = found.stated_at + MAX_AGE
    evidence = {
        "number": found.number,
        "stated_at": found.stated_at.date().isoformat(),
        "believed_until": until.date().isoformat(),
        "withdrawn": len(found.by_key) + len(found.keys),
    }
    is_old = until - now < WARN_AHEAD
    return Finding(
        Part.WITHDRAWALS,
        Level.WARN if is_old else Level.OK,
        "withdrawals-old" if is_old else "withdrawals-ok",
        evidence,
    )
