# SPDX-License-Identifier: Apache-2.0
"""A verifier that names the moment of an accident: money that came after it covers nothing, and the answer says so, on both databases."""

from datetime import timedelta

import pytest

from cardservice.coverage.decision import CoverState, Reason
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.programme import Programme
from cardservice.verification.answer import Verified
from cardservice.verification.disclosure import VerificationPurpose
from tests.coverage.rules_2026 import coverage
from tests.verification.world import NOW, IssuedCard, World, paid, presented, tap

PAID_AT = NOW - timedelta(hours=2)
LATE = paid("2026-04", "2026-11", arrived_at=PAID_AT)


def answered(world: World, card: IssuedCard, before_payment: timedelta, **asked: object) -> Verified:
    """The member pays; the accident was so much earlier than that."""
    caller = world.caller(world.register(1))
    world.hand_over(card, LATE)
    challenge = world.ask(caller, event_at=PAID_AT - before_payment, **asked)  # type: ignore[arg-type] # names of ask()'s own
    purpose = asked.get("purpose", VerificationPurpose.TREATMENT)
    return world.verify(presented(challenge, tap(card.insert(), challenge), purpose=purpose), caller)


def test_an_accident_before_the_money_is_not_covered_by_it(either_world: World, sari: IssuedCard) -> None:
    verified = answered(either_world, sari, timedelta(seconds=1))
    assert not verified
    assert verified.cover.reasons == (Reason.PAID_AFTER_EVENT,)
    assert verified.cover.evidence["event_at"] == "2026-11-23 12:59:59 WIB"
    assert verified.cover.evidence["paid_at"] == "2026-11-23 13:00:00 WIB"
    (event,) = either_world.trail()
    assert event.detail["event_at"] == "2026-11-23T05:59:59+00:00"
    assert event.detail["outcome"] == "PAID_AFTER_EVENT"


def test_an_accident_after_the_money_is_covered(either_world: World, sari: IssuedCard) -> None:
    assert answered(either_world, sari, timedelta())


def test_a_claim_is_told_why_with_both_times_and_no_amount(world: World, sari: IssuedCard) -> None:
    cover = answered(world, sari, timedelta(days=1), purpose=VerificationPurpose.CLAIM).cover
    assert cover.reason is Reason.PAID_AFTER_EVENT
    assert {"event_at", "paid_at"} <= set(cover.evidence)
    assert cover.cure is None


def test_a_death_in_the_first_months_has_the_limited_benefit(world: World, sari: IssuedCard) -> None:
    cover = answered(world, sari, timedelta(hours=-1), programme=Programme.JKM).cover
    assert (cover.state, cover.benefit_limit) == (CoverState.WAITING_LIMITED, 10_000_000)


def test_sabotage_judging_the_accident_by_now_would_cover_it(
    world: World, sari: IssuedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        PacksInForce,
        "coverage",
        lambda _self, member, programme, _, *, knowledge_at: coverage(member, programme, knowledge_at),
    )
    assert answered(world, sari, timedelta(seconds=1))
