# SPDX-License-Identifier: Apache-2.0
"""Scopes: nobody below may more than anybody above, and a no says on whose ground."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.coverage.standing import WorkSector
from cardservice.enrolment import scope as module
from cardservice.enrolment.region import EVERYWHERE, contains, is_region, is_within, overlap
from cardservice.enrolment.scope import Deed, Ground, Outside, Scope, Within, decide, decide_for, effective
from cardservice.records.intermediaries import SCHEME_ID, Intermediary, IntermediaryKind
from tests.enrolment.lines import AT, BEGIN, TODAY, scope

REGIONS = ["", "31", "3171", "317101", "3172", "32", "3273", "327301"]
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    first = draw(DAYS)
    return Scope(
        draw(st.frozensets(st.sampled_from(Deed))),
        draw(st.frozensets(st.sampled_from(WorkSector))),
        draw(st.frozensets(st.sampled_from(REGIONS), max_size=3)),
        first,
        draw(st.none() | st.integers(0, 400).map(lambda days: first + timedelta(days))),
    )


def line_of(*own: Scope, suspended: int | None = None) -> tuple[Intermediary, ...]:
    """The scheme, and a line below it."""
    line: list[Intermediary] = []
    for number, each in enumerate((scope(), *own)):
        above = line[-1] if line else None
        own_id = f"{number:032x}"
        line.append(
            Intermediary(
                intermediary_id=own_id,
                code=f"C{number}",
                name=f"Koperasi {number}",
                kind=IntermediaryKind.COOPERATIVE if above else IntermediaryKind.SCHEME,
                parent_id=above.intermediary_id if above else None,
                parent_lineage=above.lineage if above else None,
                lineage=f"{above.lineage}/{own_id}" if above else own_id,
                may_enrol=Deed.ENROL in each.deeds,
                may_collect=Deed.COLLECT in each.deeds,
                work_sectors=each.work_sectors,
                regions=each.regions,
                valid_from=each.valid_from,
                valid_until=each.valid_until,
                created_at=AT,
                suspended_at=AT if number == suspended else None,
            )
        )
    return tuple(line)


QUESTIONS = st.tuples(
    st.sampled_from(Deed),
    DAYS,
    st.sampled_from(WorkSector),
    st.none() | st.sampled_from(["3171", "317101", "3172", "3273", "327301", "5171"]),
)


def may(line: tuple[Intermediary, ...], question: tuple[Deed, date, WorkSector, str | None]) -> Within | Outside:
    deed, on, sector, region = question
    return decide_for(line, deed, on, work_sector=sector, region=region, enrolled_by=None)


@given(st.lists(scopes(), min_size=1, max_size=4), QUESTIONS)
def test_whoever_may_everyone_above_may_too(
    own: list[Scope], question: tuple[Deed, date, WorkSector, str | None]
) -> None:
    line = line_of(*own)
    if may(line, question):
        assert all(may(line[: length + 1], question) for length in range(len(line)))


@given(st.lists(scopes(), min_size=1, max_size=4))
def test_what_is_left_of_a_scope_lies_within_every_scope_above(own: list[Scope]) -> None:
    line = line_of(*own)
    left = effective(line)
    assert all(left.exceeds(Scope.of(each)) is None for each in line)


@given(st.lists(scopes(), min_size=1, max_size=4), QUESTIONS)
def test_the_decision_is_that_of_the_effective_scope(
    own: list[Scope], question: tuple[Deed, date, WorkSector, str | None]
) -> None:
    line = line_of(*own)
    left = effective(line)
    deed, on, sector, region = question
    allowed = (
        deed in left.deeds
        and left.valid_from <= on <= (left.valid_until or date.max)
        and sector in left.work_sectors
        and (EVERYWHERE in left.regions if region is None else contains(left.regions, region))
    )
    assert bool(may(line, question)) == allowed


def test_sabotage_a_child_that_asks_itself_only_may_more_than_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    line = line_of(scope(regions=frozenset({"31"})), scope(regions=frozenset({"32"})))
    question = (Deed.ENROL, TODAY, WorkSector.OTHER, "3273")
    assert not may(line, question)
    real = module.decide_for
    monkeypatch.setattr(module, "decide_for", lambda line, *rest, **more: real(line[-1:], *rest, **more))
    assert module.decide_for(
        line, question[0], question[1], work_sector=question[2], region=question[3], enrolled_by=None
    )


@pytest.mark.parametrize(
    ("change", "ground"),
    [
        ({"deeds": [Deed.COLLECT]}, Ground.DEED),
        ({"valid_from": TODAY + timedelta(1)}, Ground.NOT_YET_VALID),
        ({"valid_until": TODAY - timedelta(1)}, Ground.NO_LONGER_VALID),
        ({"work_sectors": [WorkSector.TRANSPORT]}, Ground.WORK_SECTOR),
        ({"regions": frozenset({"32"})}, Ground.REGION),
    ],
)
@pytest.mark.parametrize("at", [1, 2])
def test_a_no_says_why_and_whose_rule_it_is(change: dict[str, object], ground: Ground, at: int) -> None:
    narrow, wide = scope(**change), scope()  # type: ignore[arg-type]  # a field of the table above
    line = line_of(*((narrow, wide) if at == 1 else (wide, narrow)))
    decision = may(line, (Deed.ENROL, TODAY, WorkSector.OTHER, "3171"))
    assert isinstance(decision, Outside)
    assert (decision.ground, decision.at) == (ground, f"C{at}")


def test_suspending_one_stops_everyone_below_and_nobody_above() -> None:
    line = line_of(scope(), scope(), suspended=1)
    assert [bool(decide(line[:length], Deed.ENROL, TODAY)) for length in (1, 2, 3)] == [True, False, False]


def test_the_last_valid_day_counts_and_the_first_too() -> None:
    line = line_of(scope(valid_from=BEGIN, valid_until=TODAY))
    days = (BEGIN - timedelta(1), BEGIN, TODAY, TODAY + timedelta(1))
    assert [bool(decide(line, Deed.ENROL, day)) for day in days] == [False, True, True, False]


def test_a_place_that_nobody_told_is_enough_only_for_those_who_act_everywhere() -> None:
    untold = (Deed.ENROL, TODAY, WorkSector.OTHER, None)
    assert may(line_of(scope()), untold)
    decision = may(line_of(scope(regions=frozenset({"31"}))), untold)
    assert isinstance(decision, Outside)
    assert decision.ground is Ground.REGION_NOT_TOLD


def test_a_member_belongs_to_who_enrolled_them_and_to_those_above() -> None:
    line = line_of(scope(), scope())
    sister = replace(line[-1], lineage=f"{line[1].lineage}/{'f' * 32}")

    def decision(asking: int, enrolled_by: str) -> bool:
        own = line[: asking + 1]
        return bool(
            decide_for(own, Deed.COLLECT, TODAY, work_sector=WorkSector.OTHER, region=None, enrolled_by=enrolled_by)
        )

    assert [decision(asking, line[2].lineage) for asking in (0, 1, 2)] == [True, True, True]
    assert [decision(asking, line[1].lineage) for asking in (0, 1, 2)] == [True, True, False]
    assert [decision(asking, sister.lineage) for asking in (0, 1, 2)] == [True, True, False]
    # An identifier that begins like another is no descendant.
    assert not decision(1, line[1].lineage + "0")
    assert line[0].lineage == SCHEME_ID


@given(st.frozensets(st.sampled_from(REGIONS)), st.frozensets(st.sampled_from(REGIONS)), st.sampled_from(REGIONS[1:]))
def test_a_place_is_in_the_overlap_if_it_is_in_both(one: frozenset[str], other: frozenset[str], place: str) -> None:
    both = overlap(one, other)
    assert contains(both, place) == (contains(one, place) and contains(other, place))
    assert is_within(both, one)
    assert is_within(both, other)


@pytest.mark.parametrize(
    ("code", "known"),
    [
        *((code, True) for code in ("31", "3171", "317101")),
        *((code, False) for code in ("", "3", "317", "99", "3100", "317100", "31710101", "31a1", "\uff13\uff11")),
    ],
)
def test_region_codes(code: str, *, known: bool) -> None:
    assert is_region(code) is known
