# SPDX-License-Identifier: Apache-2.0
"""What a probe found: a value that says why, with the code whose cause and remedy the user reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cardservice.errors import KartuError


class Part(StrEnum):
    """The parts of a machine that kartu needs, in the order in which one rests on the other."""

    LIBRARY = "library"
    SERVICE = "reader-service"
    READER = "reader"
    CARD = "card"
    KEYS = "keys"
    DATABASE = "database"
    RULES = "rules"
    WITHDRAWALS = "withdrawals"
    API = "api"
    CLOCK = "clock"


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"  # worth knowing; what this desk does now goes on
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the machine, how it is, and the facts that fill the texts of ``code``."""

    part: Part
    level: Level
    code: str
    evidence: Mapping[str, object] = field(default_factory=dict)


def trouble(part: Part, error: KartuError, level: Level = Level.FAIL) -> Finding:
    """The finding that an error is: its code and its evidence."""
    return Finding(part, level, error.code, error.evidence)
