# SPDX-License-Identifier: Apache-2.0
"""A card is verified from end to end: what the verifier is told, what its token says, what is on record."""

from datetime import date

from cardservice.coverage.decision import CoverState, Reason
from cardservice.credentials import base64url, eligibility_token, thumbprint
from cardservice.keys import Purpose
from cardservice.records import verifications
from cardservice.verification.answer import Outcome
from tests.records import rows
from tests.verification.world import COVERED, HEALTH, ISSUER, TODAY, IssuedCard, World, paid, presented, tap


def test_a_covered_member_is_told_a_token_says_so_and_it_is_on_record(either_world: World, sari: IssuedCard) -> None:
    world = either_world
    caller = world.caller(world.register(1))
    world.hand_over(sari)
    challenge = world.ask(caller)

    verified = world.verify(presented(challenge, tap(sari.insert(), challenge)), caller)

    assert verified
    assert verified.cover.outcome is Outcome.COVERED
    assert verified.cover.state is CoverState.ACTIVE
    assert verified.cover.until == date(2027, 2, 28)
    assert (verified.cover.reason, verified.cover.cure, verified.cover.text_code) == (None, None, None)

    token = eligibility_token.verify(
        verified.token,
        keys=world.keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN),
        issuer=ISSUER,
        audience=caller.verifier_id,
        now=world.clock(),
    )
    assert token.covered
    assert (token.programme, token.as_of, token.until) == ("JKK", TODAY, date(2027, 2, 28))
    assert token.subject == verified.subject == base64url.encode(sari.faces[HEALTH])
    assert token.card_key_thumbprint == thumbprint.thumbprint(sari.points[HEALTH])
    assert (token.assurance, token.sector) == (2, HEALTH)
    assert (token.expires_at - token.issued_at).total_seconds() == 300

    with world.database.read() as connection:
        kept = verifications.find_by_receipt(connection, verified.receipt.receipt_id)
    assert kept is not None
    assert kept.verification.token_id == token.token_id
    assert kept.verification.outcome == "COVERED"
    (event,) = world.trail()
    assert event.leaf == kept.leaf
    assert event.kind == "verification.answered"
    assert event.member_id == rows.identifier("member", 1)
    assert event.detail["told"] == ["benefit", "covered", "cure", "reason", "until"]


def test_a_lapsed_member_is_told_why_and_the_exact_sum_that_cures_it(world: World, sari: IssuedCard) -> None:
    caller = world.caller(world.register(1))
    world.hand_over(sari, paid("2026-01", "2026-06"))
    challenge = world.ask(caller)

    verified = world.verify(presented(challenge, tap(sari.insert(), challenge)), caller)

    assert not verified
    assert verified.cover.reason is Reason.LAPSED
    cure = verified.cover.cure
    assert cure is not None
    # July to November, JKK and JKM at half of 10,000 and 6,800 (PP 50/2025).
    assert cure.amount_rupiah == 5 * (5_000 + 3_400)
    assert [str(month) for month in cure.months] == ["2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]
    assert cure.pay_until == date(2026, 11, 30)
    token = eligibility_token.verify(
        verified.token,
        keys=world.keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN),
        issuer=ISSUER,
        audience=caller.verifier_id,
        now=world.clock(),
    )
    assert (token.covered, token.reason, token.until) == (False, "LAPSED", None)


def test_in_grace_is_covered_and_says_until_when(world: World, sari: IssuedCard) -> None:
    caller = world.caller(world.register(1))
    world.hand_over(sari, paid("2026-01", "2026-08"))
    challenge = world.ask(caller)
    verified = world.verify(presented(challenge, tap(sari.insert(), challenge)), caller)
    assert (verified.cover.state, verified.cover.until) == (CoverState.GRACE, date(2026, 11, 30))


def test_who_never_paid_pays_this_month(world: World, sari: IssuedCard) -> None:
    caller = world.caller(world.register(1))
    world.hand_over(sari, paid(None, None))
    challenge = world.ask(caller)
    verified = world.verify(presented(challenge, tap(sari.insert(), challenge)), caller)
    assert verified.cover.reason is Reason.NEVER_PAID
    assert verified.cover.cure is not None
    assert verified.cover.cure.amount_rupiah == 8_400


def test_the_service_date_decides_and_money_does_not_reach_back(world: World, sari: IssuedCard) -> None:
    caller = world.caller(world.register(1))
    world.hand_over(sari, paid("2026-10", "2026-11"))
    challenge = world.ask(caller, day=date(2026, 9, 30))
    verified = world.verify(presented(challenge, tap(sari.insert(), challenge)), caller)
    assert (verified.cover.reason, verified.cover.as_of) == (Reason.NOT_YET_STARTED, date(2026, 9, 30))


def test_a_payment_between_two_taps_is_seen_by_the_second(world: World, sari: IssuedCard) -> None:
    caller = world.caller(world.register(1))
    world.hand_over(sari, paid("2026-01", "2026-06"))
    card = sari.insert()
    for record, covered in ((paid("2026-01", "2026-06"), False), (COVERED, True)):
        world.pay(sari, record)
        challenge = world.ask(caller)
        assert bool(world.verify(presented(challenge, tap(card, challenge)), caller)) is covered
