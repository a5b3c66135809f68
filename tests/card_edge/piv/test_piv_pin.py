# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import pytest

from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.card_edge.errors import MalformedPin, PinRefused, UnexpectedStatusWord
from cardservice.card_edge.piv.change import change_pin, change_puk, set_pin, set_puk
from cardservice.card_edge.piv.pin import check_pin_accepted
from cardservice.card_edge.piv.reset_retry import reset_retry_counter
from cardservice.card_edge.piv.verify import ANSWERS, PinState, log_out, parse_pin_state, pin_state, verify


@pytest.mark.parametrize(
    ("command", "encoded"),
    [
        (verify(b"123456"), "0020008008313233343536ffff"),
        (verify(b"12345678"), "00200080083132333435363738"),
        (pin_state(), "00200080"),
        (log_out(), "0020ff80"),
        (change_pin(b"123456", b"7654321"), "0024008010" + "313233343536ffff" + "37363534333231ff"),
        (change_puk(b"12345678", b"87654321"), "0024008110" + b"1234567887654321".hex()),
        (set_pin(b"123456"), "0024018008" + "313233343536ffff"),
        (set_puk(b"12345678"), "0024018108" + b"12345678".hex()),
        (reset_retry_counter(b"12345678", b"123456"), "002c008010" + b"12345678".hex() + "313233343536ffff"),
    ],
)
def test_commands(command: CommandApdu, encoded: str) -> None:
    assert command.encode().hex() == encoded


@pytest.mark.parametrize(
    "pin", [b"", b"12345", b"123456789", b"12345a", b"123456\xff\xff", b" 123456", "\uff11\uff12".encode()]
)
def test_a_pin_that_no_card_takes_costs_no_try(pin: bytes) -> None:
    builders: list[Callable[[bytes], CommandApdu]] = [
        verify,
        set_pin,
        lambda given: change_pin(given, b"123456"),
        lambda given: change_pin(b"123456", given),
        lambda given: reset_retry_counter(b"12345678", given),
    ]
    for build in builders:
        with pytest.raises(MalformedPin) as refused:
            build(pin)
        assert not pin or pin.decode("latin-1") not in str(refused.value)


@pytest.mark.parametrize("puk", [b"", b"1234567", b"123456789"])
def test_a_puk_has_8_bytes(puk: bytes) -> None:
    for build in (
        set_puk,
        lambda given: change_puk(given, b"12345678"),
        lambda given: reset_retry_counter(given, b"123456"),
    ):
        with pytest.raises(MalformedPin):
            build(puk)


def test_a_wrong_pin_says_how_many_tries_are_left() -> None:
    check_pin_accepted(ResponseApdu(b"", 0x9000))
    for sw, left in ((0x63C2, 2), (0x63C0, 0), (0x6983, 0)):
        with pytest.raises(PinRefused) as refused:
            check_pin_accepted(ResponseApdu(b"", sw))
        assert refused.value.evidence["attempts_remaining"] == left
    with pytest.raises(UnexpectedStatusWord, match="CHANGE"):
        check_pin_accepted(ResponseApdu(b"", 0x6A80), "CHANGE")


def test_the_state_of_the_pin() -> None:
    assert parse_pin_state(ResponseApdu(b"", 0x9000)) == PinState(verified=True, attempts_remaining=None)
    assert parse_pin_state(ResponseApdu(b"", 0x63C3)) == PinState(verified=False, attempts_remaining=3)
    assert parse_pin_state(ResponseApdu(b"", 0x6983)) == PinState(verified=False, attempts_remaining=0)
    with pytest.raises(UnexpectedStatusWord):
        parse_pin_state(ResponseApdu(b"", 0x6982))
    assert {0x9000, 0x6983, 0x63C0, 0x63CF} <= ANSWERS


def test_a_pin_shows_in_no_repr() -> None:
    for command in (verify(b"271828"), change_pin(b"271828", b"314159"), reset_retry_counter(b"12345678", b"271828")):
        assert "271828" not in repr(command)
        assert b"271828".hex() not in repr(command)
