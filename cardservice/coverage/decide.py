# SPDX-License-Identifier: Apache-2.0
"""``decide``: is this member covered by this programme on this day (facts/contributions.md, section 4, "activity").

A paid month covers through its last day. After it, cover holds for ``grace_months`` unpaid months and ends with the last day of the last
of them. Money never covers a day before it arrived.
"""

from dataclasses import replace
from datetime import date

from cardservice.coverage.cure import cure
from cardservice.coverage.decision import Covered, CoverState, Decision, NotCovered, Reason
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.rules import Rules
from cardservice.coverage.rules_2026 import RULES_2026
from cardservice.coverage.standing import PaidMonths, Standing


def decide(
    standing: Standing,
    programme: Programme,
    as_of: date,
    *,
    knowledge_at: date | None = None,
    rule_pack: Rules = RULES_2026,
) -> Decision:
    """Decide cover on ``as_of``, a civil date in Asia/Jakarta, from what was known on ``knowledge_at`` (default: ``as_of`` itself).

    The cure is meant for payment on ``knowledge_at``; for an ``as_of`` in the past it restores cover from then on, not for that day.
    """
    today = as_of if knowledge_at is None else knowledge_at
    state = _state(standing, programme, as_of, today, rule_pack)
    if isinstance(state, Covered) or state.reason in {Reason.PROGRAMME_NOT_JOINED, Reason.NOT_STATED}:
        return state
    if as_of < today and _state(standing, programme, today, today, rule_pack):
        return state
    through = ContributionMonth.of(max(as_of, today))
    return replace(state, cure=cure(standing, programme, today=today, through=through, rules=rule_pack))


def _state(standing: Standing, programme: Programme, as_of: date, today: date, rules: Rules) -> Decision:
    # 1. The standing speaks of this programme and this day, and the programme is joined.
    known = standing.paid.get(programme)
    if standing.stated_on is not None and (known is None or as_of < standing.stated_on):
        return NotCovered(programme, as_of, Reason.NOT_STATED)
    if known is None:
        return NotCovered(programme, as_of, Reason.PROGRAMME_NOT_JOINED)
    known = known.known_on(today)
    if not known:
        return NotCovered(programme, as_of, Reason.NEVER_PAID)
    # 2. Only money that had arrived by the day counts for the day.
    month = ContributionMonth.of(as_of)
    in_time = known.known_on(as_of)
    anchor = in_time.last_up_to(month)
    if anchor is not None and month - anchor <= rules.grace_months:
        return _covered(in_time, programme, as_of, anchor, rules)
    # 3. Why not.
    late = known.last_up_to(month)
    if late is not None and late != anchor and month - late <= rules.grace_months:
        reason = Reason.PAID_AFTER_EVENT
    else:
        reason = Reason.NOT_YET_STARTED if anchor is None else Reason.LAPSED
    return NotCovered(programme, as_of, reason, anchor)


def _covered(paid: PaidMonths, programme: Programme, as_of: date, anchor: ContributionMonth, rules: Rules) -> Covered:
    state = CoverState.ACTIVE if anchor == ContributionMonth.of(as_of) else CoverState.GRACE
    paid_through = paid.run_end(anchor)
    # Months paid ahead carry cover on over a gap that grace bridges.
    last = paid_through
    while (following := paid.first_after(last)) is not None and following - last <= rules.grace_months + 1:
        last = paid.run_end(following)
    return Covered(programme, as_of, state, paid_through, (last + rules.grace_months).last_day)
