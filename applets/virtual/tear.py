# SPDX-License-Identifier: Apache-2.0
"""Tearing drills: the card leaves the field before APDU n, after executing it, or inside the n-th write."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self


class TearMode(StrEnum):
    """Where the power goes."""

    BEFORE = "before"  # the command never reaches the card
    AFTER = "after"  # executed and persisted, but nobody hears the answer
    WRITE = "write"  # inside a persistent write: the old object must be the one that is left


class WritePhase(StrEnum):
    """Where inside a write the power goes. Each of them leaves the old image."""

    NOTHING_WRITTEN = "nothing-written"
    HALF_WRITTEN = "half-written"
    NOT_RENAMED = "not-renamed"


@dataclass(frozen=True, slots=True)
class Tear:
    """An armed drill: ``at`` counts APDUs (or writes) from now, 1 is the next one."""

    mode: TearMode
    at: int = 1
    phase: WritePhase = WritePhase.HALF_WRITTEN

    @property
    def due(self) -> bool:
        """Whether the next APDU (or write) is the one."""
        return self.at <= 1

    def nearer(self) -> Self:
        """The same drill one APDU (or write) later."""
        return replace(self, at=self.at - 1)
