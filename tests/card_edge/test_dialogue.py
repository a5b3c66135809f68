# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Sequence

import pytest

from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.card_edge.dialogue import MAX_GET_RESPONSES, MAX_RESPONSE_LENGTH, Dialogue, exchange, perform, run
from cardservice.card_edge.errors import MalformedApdu, ResponseTooLong
from cardservice.card_edge.script import Script, Step, stopped_at

SELECT = CommandApdu(0x00, 0xA4, 0x04, 0x00, b"\x01", 256)


class ScriptedCard:
    """Answers by a function of the command's number, and keeps what it was sent."""

    def __init__(self, answer: Callable[[int, CommandApdu], bytes]) -> None:
        self._answer = answer
        self.seen: list[CommandApdu] = []

    def transmit(self, command: bytes) -> bytes:
        self.seen.append(CommandApdu.parse(command))
        return self._answer(len(self.seen) - 1, self.seen[-1])


def answers(*encoded: str) -> ScriptedCard:
    return ScriptedCard(lambda number, _: bytes.fromhex(encoded[number]))


def test_a_long_answer_is_fetched_in_parts() -> None:
    card = answers("AABB6102", "CCDD6101", "EE9000")
    assert exchange(SELECT, card) == ResponseApdu(bytes.fromhex("AABBCCDDEE"), 0x9000)
    assert [command.encode().hex() for command in card.seen[1:]] == ["00c0000002", "00c0000001"]


def test_6cxx_is_asked_again_once_with_the_right_le() -> None:
    card = answers("6C05", "01020304059000")
    assert exchange(SELECT, card).data == bytes.fromhex("0102030405")
    assert card.seen[1].le == 5
    assert card.seen[1].data == SELECT.data


def test_a_command_that_is_asked_again_keeps_its_long_form() -> None:
    card = answers("6C05", "01020304059000")
    long = CommandApdu(0x84, 0xCA, 0x00, 0x66, bytes(8), 256, extended_fields=True)
    exchange(long, card)
    first, again = card.seen
    assert again.encode()[:-2] == first.encode()[:-2]


def test_a_card_that_says_6cxx_for_ever_is_asked_twice() -> None:
    card = ScriptedCard(lambda _, __: bytes.fromhex("6C05"))
    assert exchange(SELECT, card).sw == 0x6C05
    assert len(card.seen) == 2


def test_get_response_with_the_wrong_le_is_asked_again() -> None:
    card = answers("6110", "6C03", "0102039000")
    assert exchange(SELECT, card) == ResponseApdu(b"\x01\x02\x03", 0x9000)
    assert [command.le for command in card.seen[1:]] == [16, 3]


@pytest.mark.parametrize("endless", ["6100", "AA6101", "6C01"])
def test_an_endless_get_response_loop_is_bounded(endless: str) -> None:
    card = ScriptedCard(lambda number, _: bytes.fromhex(endless if number else "6101"))
    with pytest.raises(ResponseTooLong, match="GET RESPONSE"):
        exchange(SELECT, card)
    assert len(card.seen) == 1 + MAX_GET_RESPONSES


def test_an_answer_past_64_kib_is_refused() -> None:
    card = ScriptedCard(lambda _, __: bytes(0x4000) + bytes.fromhex("6100"))
    with pytest.raises(ResponseTooLong, match="bytes"):
        exchange(SELECT, card)
    assert len(card.seen) * 0x4000 <= MAX_RESPONSE_LENGTH + 0x4000


def test_no_status_word_is_a_typed_error() -> None:
    with pytest.raises(MalformedApdu):
        exchange(SELECT, ScriptedCard(lambda _, __: b""))


def script(*steps: Step) -> Script:
    return Script("a test", steps)


def test_the_driver_stops_at_the_first_status_word_that_is_not_accepted() -> None:
    card = answers("9000", "6A82", "9000")
    plan = script(Step("one", SELECT), Step("two", SELECT), Step("three", SELECT))
    responses = perform(plan, card)
    assert [response.sw for response in responses] == [0x9000, 0x6A82]
    assert len(card.seen) == 2
    stopped = stopped_at(plan, responses)
    assert stopped is not None
    assert stopped.name == "two"


def test_the_driver_stops_where_exact_data_differs() -> None:
    plan = script(Step("predicted", SELECT, exact=b"\x01\x02"), Step("EXTERNAL AUTHENTICATE", SELECT))
    assert len(perform(plan, answers("01029000", "9000"))) == 2
    clone = answers("01039000", "9000")
    assert len(perform(plan, clone)) == 1
    assert len(clone.seen) == 1


def test_sabotage_a_step_without_its_prediction_lets_a_clone_through() -> None:
    # The control for the test above: without ``exact`` the wrong card is sent the next command.
    plan = script(Step("predicted", SELECT), Step("EXTERNAL AUTHENTICATE", SELECT))
    clone = answers("01039000", "9000")
    perform(plan, clone)
    assert len(clone.seen) == 2


def test_an_empty_prediction_is_a_prediction() -> None:
    plan = script(Step("nothing", SELECT, exact=b""), Step("next", SELECT))
    assert len(perform(plan, answers("AA9000", "9000"))) == 1


def test_accepted_warnings_go_on() -> None:
    plan = script(Step("verify", SELECT, accept=frozenset({0x9000, 0x63C2})), Step("next", SELECT))
    assert [response.sw for response in perform(plan, answers("63C2", "9000"))] == [0x63C2, 0x9000]


def test_stopped_at_reads_any_number_of_responses() -> None:
    plan = script(Step("one", SELECT), Step("two", SELECT))
    done = ResponseApdu(b"", 0x9000)
    first = stopped_at(plan, [])
    second = stopped_at(plan, [done])
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == ("one", "two")
    assert stopped_at(plan, [done, done]) is None
    # A relay that sends more than was asked for is no reason to fall over.
    assert stopped_at(plan, [done, done, done]) is None


def test_a_dialogue_gets_each_round_trip_and_returns_its_result() -> None:
    def two_trips() -> Dialogue[bytes]:
        first = yield script(Step("one", SELECT))
        second = yield script(Step("two", SELECT), Step("three", SELECT))
        return joined(first) + joined(second)

    def joined(responses: Sequence[ResponseApdu]) -> bytes:
        return b"".join(response.data for response in responses)

    titles: list[str] = []
    result = run(two_trips(), answers("019000", "029000", "039000"), on_script=lambda shown: titles.append(shown.title))
    assert result == b"\x01\x02\x03"
    assert titles == ["a test", "a test"]


def test_a_script_counts_what_it_sends() -> None:
    plan = script(Step("one", SELECT), Step("two", CommandApdu(0, 0x88, 0, 0)))
    assert (plan.apdus, plan.bytes_sent) == (2, 7 + 4)
