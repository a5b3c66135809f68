# SPDX-License-Identifier: Apache-2.0
"""The population registry as kartu sees it: a question about one person, and an answer per element. Never what the registry itself has.

The registry says of each element that was asked whether it matches, some with a score (facts/contributions.md, 3.3). Who decides what
follows from it is population_state.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol


class Element(StrEnum):
    """What can be asked beside the NIK itself."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    PROVINCE = "province"  # of the address in the registry
    DISTRICT = "district"
    SUB_DISTRICT = "sub_district"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the question is about. Shows in no repr. ``region`` is where the list says that they live, 4 or 6 digits; None where it doesn't."""

    nik: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    region: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ElementVerdict:
    """What the registry says of one element. ``score`` is 0 to 100, None where it gives none."""

    matches: bool
    score: int | None = None


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """One answer. ``nik_known`` False: no living person has this NIK, and nothing else is told.

    ``raw_sha256`` is a hash of the answer as it came: evidence for a dispute, once keyed. The answer itself goes nowhere.
    """

    nik_known: bool
    verdicts: Mapping[Element, ElementVerdict]
    raw_sha256: bytes


class PopulationRegistry(Protocol):
    """Answers about one person at a time."""

    def ask(self, person: Person) -> RegistryAnswer:
        """Raises RegistryUnavailable, RegistryRefused or RegistryAnswerMalformed."""
        ...
