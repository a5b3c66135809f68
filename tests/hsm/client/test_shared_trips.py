# SPDX-License-Identifier: Apache-2.0
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm.client.shared_trips import MAX_LINES, MAX_OCTETS, MAX_REQUESTS, SharedTrips
from tests.hsm.crowd import HOUR, Crowd, LineLost

# A caller with 1 to 20 requests comes; or of the trips under way one ends.
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrives"), st.integers(1, 20)),
        st.tuples(st.sampled_from(["answers", "answers", "lost", "refused whole"]), st.integers(0, MAX_LINES - 1)),
    ),
    max_size=25,
)


def walk(crowd: Crowd, steps: list[tuple[str, int]]) -> None:
    """Do the steps, then let everybody come home; and see that each was told what is true for him."""
    for what, number in steps:
        if what == "arrives":
            crowd.arrives(number)
        elif crowd.far_end.under_way:
            crowd.comes_home(crowd.far_end.under_way[number % len(crowd.far_end.under_way)], what)
        assert len(crowd.far_end.under_way) <= MAX_LINES
    crowd.goes_home()
    trips = crowd.far_end.trips
    for caller, told in crowd.ended.items():
        if isinstance(told, BaseException):
            assert isinstance(told, LineLost)
            assert any(trip.outcome == "lost" and trip.callers[0] == caller for trip in trips)
        elif told != crowd.answers_of(caller):
            assert any(trip.outcome == "refused whole" and trip.callers == [caller] for trip in trips)
    # Whoever came first set out first, whatever happened on the way.
    first_trips = [min(n for n, trip in enumerate(trips) if caller in trip.callers) for caller in sorted(crowd.ended)]
    assert first_trips == sorted(first_trips)


@settings(max_examples=60)
@given(_STEPS, st.sampled_from([0.0, HOUR]))
def test_whoever_comes_and_whatever_is_lost_each_gets_its_own_answers(
    steps: list[tuple[str, int]], slow: float
) -> None:
    walk(Crowd(slow=slow), steps)


class MixedUp(SharedTrips):
    """Hands the answers out in the wrong order."""

    def _tell_companions(self, leader: Any, answers: list[object]) -> None:
        super()._tell_companions(leader, answers[::-1])


def test_sabotage_answers_handed_to_the_wrong_caller_are_seen() -> None:
    steps = [("arrives", 1)] * 5 + [("answers", 0)]
    walk(Crowd(), steps)
    with pytest.raises(AssertionError):
        walk(Crowd(MixedUp), steps)


def test_who_is_alone_goes_at_once_and_who_waits_is_taken_along_by_the_next() -> None:
    crowd = Crowd()
    for _ in range(4):
        crowd.arrives(1)
    assert [trip.callers for trip in crowd.far_end.under_way] == [[0]]
    crowd.comes_home(crowd.far_end.under_way[0])
    assert [trip.callers for trip in crowd.far_end.under_way] == [[1, 2, 3]]
    crowd.goes_home()


def test_past_a_trip_that_is_out_for_long_the_next_who_comes_takes_all_who_wait() -> None:
    crowd = Crowd()
    for _ in range(3):
        crowd.arrives(1)
    crowd.ahead = HOUR
    crowd.arrives(1)
    assert [trip.callers for trip in crowd.far_end.under_way] == [[0], [3, 1, 2]]
    crowd.arrives(1)  # behind a trip that has just begun
    assert len(crowd.far_end.under_way) == 2
    crowd.comes_home(crowd.far_end.under_way[1])
    assert [trip.callers for trip in crowd.far_end.under_way] == [[0], [4]]
    crowd.goes_home()
    assert all(crowd.ended[number] == crowd.answers_of(number) for number in range(5))


def test_there_are_so_many_lines_and_no_more() -> None:
    crowd = Crowd(slow=0.0)
    for _ in range(MAX_LINES + 2):
        crowd.arrives(1)
    assert [trip.callers for trip in crowd.far_end.under_way] == [[number] for number in range(MAX_LINES)]
    crowd.goes_home()


def test_a_trip_has_room_for_so_many_requests_and_so_many_bytes() -> None:
    crowd = Crowd()
    crowd.arrives(1)
    for _ in range(10):
        crowd.arrives(16)
    crowd.comes_home(crowd.far_end.under_way[0])
    assert len(crowd.far_end.trips[-1].requests) == MAX_REQUESTS
    for _ in range(10):
        crowd.arrives(1, octets=MAX_OCTETS // 4)
    crowd.goes_home()
    for trip in crowd.far_end.trips:
        assert len(trip.requests) <= MAX_REQUESTS
        assert sum(map(len, trip.requests)) <= MAX_OCTETS
    assert all(crowd.ended[number] == crowd.answers_of(number) for number in range(len(crowd.asked)))


def test_a_lost_trip_is_its_leaders_loss_and_the_others_keep_their_order() -> None:
    crowd = Crowd()
    for _ in range(5):
        crowd.arrives(1)
    crowd.comes_home(crowd.far_end.under_way[0])
    crowd.comes_home(crowd.far_end.under_way[0], "lost")
    assert isinstance(crowd.ended[1], LineLost)
    assert crowd.far_end.trips[-1].callers == [2, 3, 4]
    crowd.goes_home()


def test_a_frame_refused_as_a_whole_sends_each_alone_and_only_who_spoiled_it_is_refused() -> None:
    crowd = Crowd()
    for _ in range(4):
        crowd.arrives(1)
    crowd.comes_home(crowd.far_end.under_way[0])
    crowd.comes_home(crowd.far_end.under_way[0], "refused whole")
    while crowd.far_end.under_way:
        trip = crowd.far_end.under_way[-1]
        assert len(trip.callers) == 1
        crowd.comes_home(trip, "refused whole" if trip.callers == [2] else "answers")
    for number in (1, 3):
        assert crowd.ended[number] == crowd.answers_of(number)
    assert crowd.ended[2] == [[1, "hsm-frame-malformed", {"rule": "as the test wants"}]]
    crowd.goes_home()


def test_whoever_gives_up_in_the_queue_or_on_a_trip_holds_up_nobody() -> None:
    crowd = Crowd()
    crowd.arrives(1)
    gives_up_waiting = crowd.arrives(1, seconds=0.05)
    stays = crowd.arrives(1)
    crowd._threads[gives_up_waiting].join()
    assert isinstance(crowd.ended[gives_up_waiting], TimeoutError)
    gives_up_travelling = crowd.arrives(1, seconds=0.5)
    crowd.comes_home(crowd.far_end.under_way[0])
    assert crowd.far_end.trips[-1].callers == [stays, gives_up_travelling]
    crowd._threads[gives_up_travelling].join()
    assert isinstance(crowd.ended[gives_up_travelling], TimeoutError)
    crowd.comes_home(crowd.far_end.under_way[-1], "lost")
    assert isinstance(crowd.ended[stays], LineLost)
    assert not crowd.far_end.under_way  # nobody asks for one who has left
    crowd.goes_home()


def test_a_leader_whose_time_is_over_leaves_the_others_theirs() -> None:
    crowd = Crowd()
    crowd.arrives(1)
    hurried = crowd.arrives(1, seconds=0.5)
    patient = crowd.arrives(1)
    crowd.comes_home(crowd.far_end.under_way[0])
    crowd._threads[hurried].join()
    crowd.settle()
    assert isinstance(crowd.ended[hurried], TimeoutError)
    assert crowd.far_end.trips[-1].callers == [patient]
    crowd.goes_home()
    assert crowd.ended[patient] == crowd.answers_of(patient)
