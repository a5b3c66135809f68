# SPDX-License-Identifier: Apache-2.0
"""What stands between a well-formed request and the keys: limits, the list of revoked cards, officers' grants, and the record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hsm.limits import anomaly_limit, rate_limit
from hsm.limits.anomaly_limit import AnomalyLimit
from hsm.limits.grants import GrantDesk
from hsm.limits.officers import Officers
from hsm.limits.rate_limit import RateLimit
from hsm.limits.revoked_cards import RevocationFile, RevokedCards
from hsm.limits.spent_nonces import SpentNonces
from hsm.machine.locked_memory import LockedMemory


@dataclass(frozen=True, slots=True)
class Safeguards:
    """All of them. ``record`` writes one line that must be written before a sealed value is opened; it raises NotRecorded."""

    rate_limit: RateLimit
    anomaly_limit: AnomalyLimit
    revoked_cards: RevokedCards
    grants: GrantDesk
    record: Callable[[str], None]


def anomaly_counters_in(state: Path) -> LockedMemory:
    """The anomaly limit's counters in a state folder. Raises StateUnusable."""
    return LockedMemory(anomaly_limit.CELLS_NEEDED, state / "anomaly-counters")


def rate_counters_in(state: Path) -> LockedMemory:
    """The rate limit's. Raises StateUnusable."""
    return LockedMemory(rate_limit.CELLS_NEEDED, state / "rate-counters")


def safeguards_in(
    state: Path,
    anomaly_counters: LockedMemory,
    *,
    rates: RateLimit,
    records: Mapping[str, bytes],
    clock: Callable[[], datetime],
    record: Callable[[str], None],
) -> Safeguards:
    """Those of one worker, over what all workers share. ``records`` are those of key custody. Raises StateUnusable or OfficerRefused."""
    return Safeguards(
        rates,
        AnomalyLimit(clock, anomaly_counters),
        RevocationFile(state / "revoked-cards"),
        GrantDesk(Officers(records), SpentNonces(state / "used-grants"), lambda: clock().timestamp()),
        record,
    )
