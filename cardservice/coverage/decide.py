# SPDX-License-Identifier: Apache-2.0
"""``coverage``: how a member stands in a programme at one moment (facts/contributions.md, section 4, models 3 and 4).

Cover is judged at the moment of the event. A paid month covers through its last moment; after it, cover holds for the grace months of the
rule pack. Money never covers a moment before it arrived.
"""

from dataclasses import replace
from datetime import date, datetime

from cardservice.coverage.civil_time import civil_day, day_begins, day_ends, month_at
from cardservice.coverage.cure import months_due, usable_credit
from cardservice.coverage.decision import Coverage, CoverState, Cure, Reason
from cardservice.coverage.paid_months import PaidMonths
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.coverage.standing import Member, Standing
from cardservice.coverage.stretch import Stretch, stretches

_NO_CURE = {Reason.PROGRAMME_NOT_JOINED, Reason.NOT_STATED}


def coverage(
    member: Member,
    programme: Programme,
    as_of: datetime,
    knowledge_at: datetime,
    rule_pack: Rules,
    *,
    paid_under: Rules | None = None,
) -> Coverage:
    """Decide cover at ``as_of`` from what was known at ``knowledge_at``: now, or then. Both are aware moments.

    The cure is meant for payment at ``knowledge_at``; for an event in the past it restores cover from then on, not for the event; it is
    priced by ``paid_under`` (default: ``rule_pack``). Raises what the member's ledger raises, where it has one.
    """
    now = knowledge_at
    standing = member.known_at(now, rule_pack)
    answer = _judged(standing, programme, as_of, rule_pack)
    if answer.reason in _NO_CURE or (answer and Reason.IN_GRACE not in answer.reasons):
        return answer
    pay = paid_under or rule_pack
    if as_of < now and (answer or _judged(standing, programme, now, pay)):
        return answer
    judge = pay if as_of < now else rule_pack
    return replace(answer, cure=_cure(standing, programme, now, max(as_of, now), pay, judge))


def decide(
    member: Member,
    programme: Programme,
    service_date: date,
    *,
    now: datetime,
    rule_pack: Rules,
    paid_under: Rules | None = None,
) -> Coverage:
    """Decide cover for a day, where nobody says at what time the event was.

    Today is judged at ``now``, another day at its first moment. Where money that came in the course of a past day would make the difference,
    the answer is no for PAID_THAT_DAY: only the time of the event can tell.
    """
    if service_date == civil_day(now):
        return coverage(member, programme, now, now, rule_pack, paid_under=paid_under)
    begins = day_begins(service_date)
    answer = coverage(member, programme, begins, now, rule_pack, paid_under=paid_under)
    if answer.reason is not Reason.PAID_AFTER_EVENT or begins > now:
        return answer
    if not coverage(member, programme, day_ends(service_date), now, rule_pack):
        return answer
    return replace(answer, reasons=(Reason.PAID_THAT_DAY, *answer.reasons[1:]))


def _judged(standing: Standing, programme: Programme, as_of: datetime, rules: Rules) -> Coverage:
    # 1. The standing speaks of this programme and this day, and the programme is joined.
    known = standing.paid.get(programme)
    stated_at = standing.stated_at
    if stated_at is not None and (known is None or civil_day(as_of) < civil_day(stated_at)):
        return Coverage(programme, as_of, None, benefit_limit=None, reasons=(Reason.NOT_STATED,))
    if known is None:
        return Coverage(programme, as_of, CoverState.NEVER, reasons=(Reason.PROGRAMME_NOT_JOINED,))
    # 2. Only money that had arrived by the moment counts for the moment.
    in_time = known.arrived_by(as_of)
    begun = [each for each in stretches(in_time, rules.grace_months) if each.begins <= as_of]
    if begun and as_of < begun[-1].ends:
        return _covered(in_time, programme, as_of, begun, rules, tells_history=stated_at is None)
    # 3. Why not.
    return _not_covered(known, programme, as_of, rules, has_begun=bool(begun))


def _covered(
    paid: PaidMonths,
    programme: Programme,
    as_of: datetime,
    begun: list[Stretch],
    rules: Rules,
    *,
    tells_history: bool,
) -> Coverage:
    month, stretch = month_at(as_of), begun[-1]
    anchor = paid.last_up_to(month)
    assert anchor is not None  # a stretch that has begun has a month that has
    is_paid = anchor == month
    benefit = rules.benefits.get(programme) if tells_history else None
    limit = None if benefit is None else benefit.limit_rupiah
    came_back = tells_history and len(begun) > 1
    since = stretch.begins if rules.reinstatement.limited_period_restarts else begun[0].begins
    reasons: list[Reason] = []
    state = CoverState.ACTIVE if is_paid else CoverState.GRACE
    if benefit is not None and month - month_at(since) < benefit.limited_months:
        state, limit = CoverState.WAITING_LIMITED, benefit.limited_rupiah
        reasons.append(Reason.LIMITED_BENEFIT)
    if not is_paid:
        reasons.append(Reason.IN_GRACE)
    if came_back and month - month_at(stretch.begins) < rules.reinstatement.told_months:
        state = CoverState.REINSTATED if state is CoverState.ACTIVE else state
        reasons.append(Reason.REINSTATED)
    return Coverage(
        programme,
        as_of,
        state,
        paid_through=paid.run_end(anchor),
        until=stretch.through.last_day,
        benefit_limit=limit,
        reasons=tuple(reasons),
    )


def _not_covered(
    known: PaidMonths, programme: Programme, as_of: datetime, rules: Rules, *, has_begun: bool
) -> Coverage:
    month = month_at(as_of)
    anchor = known.arrived_by(as_of).last_up_to(month)
    state = CoverState.LAPSED if has_begun or anchor is not None else CoverState.NEVER
    usual = Reason.LAPSED if anchor is not None else Reason.NOT_YET_STARTED if known else Reason.NEVER_PAID
    too_late = [
        span.arrived_at
        for span in known.spans
        if span.arrived_at is not None
        and span.arrived_at > as_of
        and span.first <= month <= span.last + rules.grace_months
    ]
    if not too_late:
        return Coverage(programme, as_of, state, paid_through=anchor, reasons=(usual,))
    reasons = (Reason.PAID_AFTER_EVENT,) if usual is Reason.NOT_YET_STARTED else (Reason.PAID_AFTER_EVENT, usual)
    return Coverage(programme, as_of, state, paid_through=anchor, reasons=reasons, paid_at=min(too_late))


def _cure(
    standing: Standing, programme: Programme, now: datetime, wanted: datetime, rules: Rules, judge: Rules
) -> Cure:
    """The months due, and what the same judgement says once they are paid: so that the cure promises nothing else."""
    current, through = month_at(now), month_at(wanted)
    dues = months_due(standing, programme, current, through, rules)
    healed = standing.with_payment(programme, [due.month for due in dues if due.programme is programme], now)
    after = _judged(healed, programme, wanted, judge)
    assert after.state is not None
    assert after.until is not None
    return Cure(
        dues,
        pay_until=current.last_day,
        restores_from=civil_day(now),
        restores_through=after.until,
        restores=after.state,
        restores_benefit_limit=after.benefit_limit,
        credit_rupiah=usable_credit(standing),
    )
