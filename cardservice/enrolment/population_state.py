# SPDX-License-Identifier: Apache-2.0
"""What follows from the registry's answer: the state of a member, which states may follow one another, and what a member may in each.

All of it is data (docs/decisions/0140, 0143). A member is never refused treatment because a system hesitates: cover counts in every standing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cardservice.enrolment.population_registry import Element, RegistryAnswer
from cardservice.records.population_checks import PopulationState


@dataclass(frozen=True, slots=True)
class ElementRule:
    """What an element's verdict means. ``least_score`` counts where the registry gives a score, None: a match is a match."""

    decides: bool
    least_score: int | None = None


# Names are spelt in many ways, birth dates are not. Where somebody lives is not who they are: people move, and few have their address changed; it
# is asked for, and told to whoever looks at the member (docs/decisions/0145).
ELEMENT_RULES: Mapping[Element, ElementRule] = {
    Element.NAME: ElementRule(decides=True, least_score=80),
    Element.BIRTH_DATE: ElementRule(decides=True),
    Element.PROVINCE: ElementRule(decides=False),
    Element.DISTRICT: ElementRule(decides=False),
    Element.SUB_DISTRICT: ElementRule(decides=False),
}
DECIDING = frozenset(element for element, rule in ELEMENT_RULES.items() if rule.decides)

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
    CARD = "CARD"  # a card may be ordered, approved and made


class IdentityStanding(StrEnum):
    """A member's state together with what came before: asking again does not make a mismatch undone."""

    UNANSWERED = "UNANSWERED"
    VERIFIED = "VERIFIED"
    DIFFERS = "DIFFERS"
    ACCEPTED = "ACCEPTED"  # differs, and a person who saw a document answers for it
    ASKED_AGAIN = "ASKED_AGAIN"  # the latest answer was that it differs, and a new one is awaited


_BOTH, _COVER = frozenset(Entitlement), frozenset({Entitlement.COVER})
ENTITLEMENTS: Mapping[IdentityStanding, frozenset[Entitlement]] = {
    IdentityStanding.UNANSWERED: _BOTH,
    IdentityStanding.VERIFIED: _BOTH,
    IdentityStanding.DIFFERS: _COVER,
    IdentityStanding.ACCEPTED: _BOTH,
    IdentityStanding.ASKED_AGAIN: _COVER,
}


@dataclass(frozen=True, slots=True)
class Entitled:
    """Yes."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class NotEntitled:
    """No, because of how the member stands."""

    entitlement: Entitlement
    standing: IdentityStanding

    def __bool__(self) -> bool:
        return False


def identity_standing(
    state: PopulationState, last_answer: PopulationState | None, *, is_accepted: bool
) -> IdentityStanding:
    """How a member stands: the state, the latest answer there was, and whether a person has accepted that answer."""
    if state is PopulationState.VERIFIED:
        return IdentityStanding.VERIFIED
    if state is PopulationState.MISMATCH:
        return IdentityStanding.ACCEPTED if is_accepted else IdentityStanding.DIFFERS
    # An acceptance was about the data of then: with new data, or asked again, it counts no more.
    differed = last_answer is PopulationState.MISMATCH
    return IdentityStanding.ASKED_AGAIN if differed else IdentityStanding.UNANSWERED


def entitled(standing: IdentityStanding, entitlement: Entitlement) -> Entitled | NotEntitled:
    """Whether a member who stands so has it."""
    return Entitled() if entitlement in ENTITLEMENTS[standing] else NotEntitled(entitlement, standing)


def may_follow(before: PopulationState, after: PopulationState) -> bool:
    """Whether one state may come after another."""
    return after in ALLOWED_MOVES[before]


def judged(answer: RegistryAnswer) -> PopulationState:
    """VERIFIED if the NIK is somebody's and every element that decides is theirs."""
    same = answer.nik_known and all(element in answer.verdicts and _is_same(answer, element) for element in DECIDING)
    return PopulationState.VERIFIED if same else PopulationState.MISMATCH


def _is_same(answer: RegistryAnswer, element: Element) -> bool:
    verdict, least = answer.verdicts[element], ELEMENT_RULES[element].least_score
    return verdict.matches and (verdict.score is None or least is None or verdict.score >= least)
