# SPDX-License-Identifier: Apache-2.0
"""The one place that reads the clock. Everything below ``api/`` and ``reader_tools/`` takes time as an argument."""

from datetime import UTC, datetime
from time import monotonic as _monotonic


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that only rise, for durations."""
    return _monotonic()
