# SPDX-License-Identifier: Apache-2.0
"""Which key makes new things at a moment: the ring keeps its answer for as long as it holds, and no longer."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.keys import Purpose
from hsm.errors import KeyNotActive
from hsm.keys.key_store import KeyDescription, KeyKind, KeyStore
from hsm.operations.key_ring import KeyRing
from tests.hsm.documents import NOW

HOUR = timedelta(hours=1)
PURPOSE = Purpose.COVER_PROOF
# Keys by the hour they begin and how long they live; then moments, in any order, as a clock that is put back has them.
KEYS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 10)), min_size=1, max_size=5)
MOMENTS = st.lists(st.integers(-1, 31), max_size=20)


class Listed:
    """A store of which only the list is asked."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._keys = [
            KeyDescription(PURPOSE, n, f"k{n}", KeyKind.P256, NOW, NOW + begin * HOUR, NOW + (begin + lives) * HOUR)
            for n, (begin, lives) in enumerate(spans)
        ]

    def descriptions(self) -> Sequence[KeyDescription]:
        return self._keys


def ring_of(spans: Sequence[tuple[int, int]], kind: type[KeyRing] = KeyRing) -> KeyRing:
    return kind(cast("KeyStore", Listed(spans)))


def chosen(ring: KeyRing, hour: int) -> str | None:
    try:
        return ring.current(PURPOSE, NOW + hour * HOUR).kid
    except KeyNotActive:
        return None


def asked_twice_is_as_asked_once(spans: Sequence[tuple[int, int]], hours: Sequence[int], kind: type[KeyRing]) -> None:
    ring = ring_of(spans, kind)
    for hour in hours:
        assert chosen(ring, hour) == chosen(ring_of(spans), hour)


@given(KEYS, MOMENTS)
def test_what_was_asked_before_changes_no_choice(spans: list[tuple[int, int]], hours: list[int]) -> None:
    asked_twice_is_as_asked_once(spans, hours, KeyRing)


def test_of_two_keys_that_began_together_the_one_that_signs_is_published_first() -> None:
    ring = ring_of([(0, 5), (0, 5)])
    assert ring.published(PURPOSE, NOW)[0] == ring.current(PURPOSE, NOW)


class Forgetful(KeyRing):
    """Keeps what it found for ever."""

    def current(self, purpose: Purpose, now: datetime) -> KeyDescription:
        key = super().current(purpose, now)
        self._found[purpose] = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), key
        return key


def test_sabotage_a_ring_that_never_looks_again_signs_with_an_ended_key() -> None:
    with pytest.raises(AssertionError):
        asked_twice_is_as_asked_once([(0, 5)], [1, 6], Forgetful)
