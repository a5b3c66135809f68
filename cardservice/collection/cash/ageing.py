# SPDX-License-Identifier: Apache-2.0
"""Cash that was collected and not remitted, by age; and the alarm: whether it is too much, or too old, for the agent's terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cardservice.records.agent_cash import CashAgent, Stop, Unremitted

BUCKETS = (1, 3, 7, 30)  # days; the last bucket is what is older
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ageing:
    """``buckets``: whole rupiah by age in days, such as ``0-1``, ``2-3`` and ``>30``. ``oldest_days`` counts whole days."""

    rupiah: int
    buckets: Mapping[str, int]
    oldest_days: int


def ageing(held: Sequence[Unremitted], at: datetime) -> Ageing:
    """Sort what an agent holds by age. Every rupiah is in one bucket."""
    buckets = dict.fromkeys(bucket_names(), 0)
    for each in held:
        buckets[_bucket((at - each.taken_at) // _DAY)] += each.rupiah
    oldest = max(((at - each.taken_at) // _DAY for each in held), default=0)
    return Ageing(sum(each.rupiah for each in held), buckets, oldest)


def alarm(agent: CashAgent, held: Ageing, more: int = 0) -> Stop | None:
    """Whether the agent is to be stopped, with ``more`` rupiah that it would take now; None: it may go on."""
    if held.rupiah + more > agent.most_rupiah:
        return Stop.TOO_MUCH
    return Stop.TOO_LONG if held.oldest_days > agent.most_days else None


def bucket_names() -> tuple[str, ...]:
    """In order of age."""
    firsts = (0, *(last + 1 for last in BUCKETS[:-1]))
    return (*(f"{first}-{last}" for first, last in zip(firsts, BUCKETS, strict=True)), f">{BUCKETS[-1]}")


def _bucket(days: int) -> str:
    return next((name for name, last in zip(bucket_names(), BUCKETS, strict=False) if days <= last), bucket_names()[-1])
