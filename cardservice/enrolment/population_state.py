# SPDX-License-Identifier: Apache-2.0
"""What follows from the registry's answer: the state of a member, which states may follow one another, and what a member may in each.

All of it is data (docs/decisions/0140). A member is never refused treatment because a system hesitates: cover counts in every state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cardservice.enrolment.population_registry import Element, RegistryAnswer
from cardservice.records.population_checks import PopulationState

# The least score that is still the same person, for elements with one: names are spelt in many ways, birth dates are not.
LEAST_SCORE: Mapping[Element, int] = {Element.NAME: 80}

ALLOWED_MOVES: Mapping[PopulationState, frozenset[PopulationState]] = {
    # An answer came; or none, and the question stays open.
    PopulationState.PROVISIONAL: frozenset(PopulationState),
    # New data, or a person who asks again. Nobody goes from yes to no without a new question.
    PopulationState.VERIFIED: frozenset({PopulationState.PROVISIONAL}),
    PopulationState.MISMATCH: frozenset({PopulationState.PROVISIONAL}),
}


class Entitlement(StrEnum):
    """What depends on the registry."""

    COVER = "COVER"  # contributions count, and a card that exists is answered for
    CARD = "CARD"  # a card may be ordered and approved


ENTITLEMENTS: Mapping[PopulationState, frozenset[Entitlement]] = {
    PopulationState.PROVISIONAL: frozenset({Entitlement.COVER, Entitlement.CARD}),
    PopulationState.VERIFIED: frozenset({Entitlement.COVER, Entitlement.CARD}),
    PopulationState.MISMATCH: frozenset({Entitlement.COVER}),
}


@dataclass(frozen=True, slots=True)
class Entitled:
    """Yes."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class NotEntitled:
    """No, because of the state."""

    entitlement: Entitlement
    state: PopulationState

    def __bool__(self) -> bool:
        return False


def entitled(state: PopulationState, entitlement: Entitlement) -> Entitled | NotEntitled:
    """Whether a member in this state has it."""
    return Entitled() if entitlement in ENTITLEMENTS[state] else NotEntitled(entitlement, state)


def may_follow(before: PopulationState, after: PopulationState) -> bool:
    """Whether one state may come after another."""
    return after in ALLOWED_MOVES[before]


def judged(answer: RegistryAnswer) -> PopulationState:
    """VERIFIED if the NIK is somebody's and every element is theirs."""
    same = answer.nik_known and all(element in answer.verdicts and _is_same(answer, element) for element in Element)
    return PopulationState.VERIFIED if same else PopulationState.MISMATCH


def _is_same(answer: RegistryAnswer, element: Element) -> bool:
    verdict = answer.verdicts[element]
    if verdict.score is None or element not in LEAST_SCORE:
        return verdict.matches
    return verdict.matches and verdict.score >= LEAST_SCORE[element]
