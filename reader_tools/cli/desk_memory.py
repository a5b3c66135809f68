# SPDX-License-Identifier: Apache-2.0
"""Where this desk keeps what it has seen of the scheme, and how that is told: keys, CA certificates, the list of withdrawals."""

from datetime import datetime, timedelta
from pathlib import Path

from cardservice.credentials.ca_withdrawals import MAX_AGE, CaWithdrawals
from cardservice.errors import KartuError
from reader_tools.cli.settings import Settings
from reader_tools.desk.errors import ServiceProblem
from reader_tools.desk.http_client import Service
from reader_tools.desk.key_cache import KeyCache
from reader_tools.desk.published_folder import fetch_published
from reader_tools.desk.withdrawals_seen import WithdrawalsSeen

NOT_PUBLISHED = "not-published"  # the service's code for files that it has not
EVERY = timedelta(hours=1)  # as long as a web cache may keep the files (api/well_known.py)


def key_folder(settings: Settings) -> Path:
    """Key sets and CA certificates."""
    return settings.data_dir / "keys"


def published_folder(settings: Settings) -> Path:
    """Where `kartu keys publish` writes and `kartu serve` reads, where no other folder is named."""
    return settings.data_dir / "published"


def seen_of(settings: Settings) -> WithdrawalsSeen:
    """What this desk has seen of the scheme that the settings name (KARTU_ISSUER)."""
    return WithdrawalsSeen(settings.data_dir / "seen", settings.issuer)


def key_cache(settings: Settings) -> KeyCache:
    """The desk's key sets, without the keys that a list of withdrawals named. Raises DeskMemoryDamaged."""
    withdrawals = seen_of(settings).recall()
    return KeyCache(key_folder(settings), frozenset() if withdrawals is None else withdrawals.keys)


def withdrawals_document(withdrawals: CaWithdrawals | None, now: datetime) -> dict[str, object]:
    """Which list this desk goes by, and how fresh it is."""
    if withdrawals is None:
        return {"number": None, "stated_at": None, "believed_until": None, "fresh": False}
    until = withdrawals.stated_at + MAX_AGE
    return {
        "number": withdrawals.number,
        "stated_at": withdrawals.stated_at,
        "believed_until": until,
        "fresh": now <= until,
    }


def refreshed_withdrawals(settings: Settings, service: Service, now: datetime) -> dict[str, object]:
    """Once an hour the list is fetched with a verification. What goes wrong is told beside the answer, which does not hang on it.

    A service that publishes none is trouble only for a desk that has seen one.
    """
    seen, trouble = seen_of(settings), None
    if seen.is_due(now, EVERY):
        try:
            fetch_published(service, key_folder(settings), seen, lambda: now)
        except ServiceProblem as refused:
            trouble = str(refused.evidence["problem"])
        except KartuError as refused:
            trouble = refused.code
    held = seen.recall()
    if held is None and trouble == NOT_PUBLISHED:
        trouble = None
    return withdrawals_document(held, now) | {"trouble": trouble}
