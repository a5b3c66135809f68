# SPDX-License-Identifier: Apache-2.0
"""Values that must mean the same on both databases: moments, choices, canonical JSON."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.exc import StatementError

from cardservice.coverage.programme import Programme
from cardservice.records.canonical_json import MAX_DEPTH, MAX_SAFE_INTEGER, Json, canonical_json
from cardservice.records.columns import UtcTime, microseconds, moment, programmes_of, programmes_text
from cardservice.records.database import Database
from cardservice.records.errors import NotCanonical, TimeNotUtc

JAKARTA = timezone(timedelta(hours=7))
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(MOMENTS)
def test_microseconds_lose_nothing(at: datetime) -> None:
    assert moment(microseconds(at)) == at


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(TimeNotUtc):
        microseconds(datetime(2026, 11, 23))  # noqa: DTZ001 - the fault


moments = Table("moments", MetaData(), Column("n", Integer, primary_key=True), Column("at", UtcTime))


def test_moments_come_back_in_utc_whatever_zone_they_went_in(database: Database) -> None:
    """The test's server stands in Jakarta."""
    there = datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=JAKARTA)
    with database.begin() as connection:
        moments.create(connection)
        connection.execute(moments.insert(), [{"n": 1, "at": there}, {"n": 2, "at": None}])
        first, second = connection.scalars(select(moments.c.at).order_by(moments.c.n))
        assert (first, second) == (there, None)
        assert first is not None
        assert first.tzinfo is UTC
        found = connection.scalars(select(moments.c.n).where(moments.c.at == there.astimezone(UTC))).all()
        assert found == [1]
        with pytest.raises((TimeNotUtc, StatementError)):
            connection.execute(moments.insert().values(n=3, at=datetime(2026, 11, 23)))  # noqa: DTZ001 - the fault


@given(st.frozensets(st.sampled_from(Programme)))
def test_a_set_of_programmes_is_one_text(programmes: frozenset[Programme]) -> None:
    assert programmes_of(programmes_text(programmes)) == programmes


@given(VALUES)
def test_canonical_json_is_json_of_the_same_value(value: Json) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), VALUES, max_size=5), st.randoms())
def test_the_order_of_members_makes_no_difference(value: dict[str, Json], random: object) -> None:
    shuffled = list(value.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis gives a random.Random
    assert canonical_json(dict(shuffled)) == canonical_json(value)


def test_canonical_json_as_rfc_8785_writes_it() -> None:
    value: Json = {"b": [1, None, True], "a": "é\n\u20ac", "A": {}}
    assert canonical_json(value) == '{"A":{},"a":"é\\n€","b":[1,null,true]}'.encode()


def nested(depth: int) -> Json:
    value: Json = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1.5, "float"),
        ({"a": b"\x00"}, "bytes"),
        ([MAX_SAFE_INTEGER + 1], "large-integer"),
        ({1: "x"}, "key"),
        ({"é": "x"}, "key"),
        ((1, 2), "tuple"),
        ("\ud800", "surrogate"),
        (nested(MAX_DEPTH + 1), "depth"),
    ],
)
def test_what_reads_differently_elsewhere_is_refused(value: Json, kind: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        canonical_json(value)
    assert refused.value.evidence == {"kind": kind}


def test_the_deepest_that_is_allowed() -> None:
    assert canonical_json(nested(MAX_DEPTH)) == b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
