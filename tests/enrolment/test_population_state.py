# SPDX-License-Identifier: Apache-2.0
"""How a member may stand with the population registry: the moves, and what each standing allows."""

import pytest

from cardservice.enrolment.population_state import (
    ALLOWED_MOVES,
    ENTITLEMENTS,
    Entitlement,
    IdentityStanding,
    entitled,
    identity_standing,
    may_follow,
)
from cardservice.records.population_checks import PopulationState

VERIFIED, MISMATCH, PROVISIONAL = PopulationState.VERIFIED, PopulationState.MISMATCH, PopulationState.PROVISIONAL


def test_the_table_of_moves() -> None:
    assert set(ALLOWED_MOVES) == set(PopulationState)
    allowed = {(before, after) for before in PopulationState for after in PopulationState if may_follow(before, after)}
    assert allowed == {
        (PROVISIONAL, PROVISIONAL),
        (PROVISIONAL, VERIFIED),
        (PROVISIONAL, MISMATCH),
        (VERIFIED, PROVISIONAL),
        (MISMATCH, PROVISIONAL),
    }


def test_cover_counts_in_every_standing_and_who_differs_gets_no_card() -> None:
    assert set(ENTITLEMENTS) == set(IdentityStanding)
    assert all(entitled(each, Entitlement.COVER) for each in IdentityStanding)
    refused = [each for each in IdentityStanding if not entitled(each, Entitlement.CARD)]
    assert refused == [IdentityStanding.DIFFERS, IdentityStanding.ASKED_AGAIN]


@pytest.mark.parametrize(
    ("state", "last", "accepted", "standing"),
    [
        (PROVISIONAL, None, 0, IdentityStanding.UNANSWERED),
        (PROVISIONAL, VERIFIED, 0, IdentityStanding.UNANSWERED),
        (PROVISIONAL, MISMATCH, 0, IdentityStanding.ASKED_AGAIN),
        (PROVISIONAL, MISMATCH, 1, IdentityStanding.ASKED_AGAIN),
        (VERIFIED, VERIFIED, 0, IdentityStanding.VERIFIED),
        (MISMATCH, MISMATCH, 0, IdentityStanding.DIFFERS),
        (MISMATCH, MISMATCH, 1, IdentityStanding.ACCEPTED),
    ],
)
def test_the_table_of_standings(
    state: PopulationState, last: PopulationState | None, accepted: int, standing: IdentityStanding
) -> None:
    assert identity_standing(state, last, is_accepted=bool(accepted)) is standing
