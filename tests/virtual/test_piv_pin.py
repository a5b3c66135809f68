# SPDX-License-Identifier: Apache-2.0
"""PIN and PUK: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, and that no cut of power gives a free guess."""

import pytest

from applets.virtual.chip import PivMemory, ReferenceData, StaticKeySet
from applets.virtual.errors import CardTorn
from applets.virtual.piv import reference_data
from applets.virtual.runtime import Runtime
from applets.virtual.tear import Tear, TearMode
from tests.virtual.host import PIN, PIV_AID, PUK, Host, sector_aid

WRONG = b"999999\xff\xff"
NEW = b"2468135\xff"


def memory(host: Host) -> PivMemory:
    application = host.card.image.chip.application(PIV_AID)
    assert application is not None
    assert isinstance(application.memory, PivMemory)
    return application.memory


def verify(host: Host, pin: bytes = PIN) -> int:
    return host.send(0x00, 0x20, 0x00, 0x80, pin, None).sw


def query(host: Host) -> int:
    return host.plain("00200080").sw


def test_right_pin_then_query_and_log_out(personal: Host) -> None:
    assert query(personal) == 0x63C3
    assert verify(personal) == 0x9000
    assert query(personal) == 0x9000
    assert personal.plain("0020FF80").sw == 0x9000
    assert query(personal) == 0x63C3


def test_wrong_pins_count_down_and_block(personal: Host) -> None:
    assert [verify(personal, WRONG) for _ in range(4)] == [0x63C2, 0x63C1, 0x63C0, 0x6983]
    assert verify(personal) == 0x6983
    assert query(personal) == 0x6983
    personal.card.reset()
    personal.select(PIV_AID)
    assert verify(personal) == 0x6983


def test_a_right_pin_restores_all_tries(personal: Host) -> None:
    assert verify(personal, WRONG) == 0x63C2
    assert verify(personal) == 0x9000
    assert memory(personal).pin.tries == 3


def test_a_wrong_pin_ends_what_a_right_one_began(personal: Host) -> None:
    assert verify(personal) == 0x9000
    assert verify(personal, WRONG) == 0x63C2
    assert query(personal) == 0x63C2


@pytest.mark.parametrize(
    "pin", [b"12345\xff\xff\xff", b"12345a\xff\xff", b"1234567", b"123456789", b"\xff" * 8, b"1234\xff567"]
)
def test_a_malformed_pin_is_6a80_and_costs_no_try(personal: Host, pin: bytes) -> None:
    assert verify(personal, pin) == 0x6A80
    assert memory(personal).pin.tries == 3


@pytest.mark.parametrize(("command", "sw"), [("00200180", 0x6A86), ("00200081", 0x6A88), ("0020FF8001FF", 0x6A80)])
def test_malformed_verify(personal: Host, command: str, sw: int) -> None:
    assert personal.plain(command).sw == sw


def test_reselecting_piv_keeps_the_pin_an_unknown_aid_too_another_application_not(personal: Host) -> None:
    verify(personal)
    personal.select(PIV_AID)
    assert query(personal) == 0x9000
    assert personal.select(bytes.fromhex("A00000064700")).sw == 0x6A82
    assert query(personal) == 0x9000
    personal.select(sector_aid(1))
    personal.select(PIV_AID)
    assert query(personal) == 0x63C3


def test_the_holder_changes_pin_and_puk(personal: Host) -> None:
    assert personal.send(0x00, 0x24, 0x00, 0x80, PIN + NEW, None).sw == 0x9000
    assert verify(personal, NEW) == 0x9000
    assert personal.send(0x00, 0x24, 0x00, 0x81, PUK + b"ABCDEFGH", None).sw == 0x9000
    assert memory(personal).puk.value == b"ABCDEFGH"


def test_changing_with_a_wrong_old_pin_costs_a_try(personal: Host) -> None:
    assert personal.send(0x00, 0x24, 0x00, 0x80, WRONG + NEW, None).sw == 0x63C2
    assert personal.send(0x00, 0x24, 0x00, 0x81, b"\x00" * 8 + PUK, None).sw == 0x63C4
    assert memory(personal).pin.value == PIN


@pytest.mark.parametrize(
    ("p1", "p2", "data", "sw"),
    [
        (0x00, 0x80, PIN, 0x6700),
        (0x00, 0x80, PIN + b"12\xff\xff\xff\xff\xff\xff", 0x6A80),
        (0x02, 0x80, PIN + NEW, 0x6A86),
        (0x00, 0x82, PIN + NEW, 0x6A88),
        (0x01, 0x80, NEW, 0x6982),
    ],
)
def test_malformed_change(personal: Host, p1: int, p2: int, data: bytes, sw: int) -> None:
    assert personal.send(0x00, 0x24, p1, p2, data, None).sw == sw
    assert memory(personal).pin == ReferenceData(3, PIN, 3)


def test_the_puk_unblocks(personal: Host) -> None:
    for _ in range(3):
        verify(personal, WRONG)
    assert personal.send(0x00, 0x2C, 0x00, 0x80, PUK + NEW, None).sw == 0x9000
    assert verify(personal, NEW) == 0x9000


def test_wrong_puks_count_down_and_block_for_good(personal: Host) -> None:
    tries = [personal.send(0x00, 0x2C, 0x00, 0x80, bytes(8) + NEW, None).sw for _ in range(6)]
    assert tries == [0x63C4, 0x63C3, 0x63C2, 0x63C1, 0x63C0, 0x6983]
    assert personal.send(0x00, 0x2C, 0x00, 0x80, PUK + NEW, None).sw == 0x6983


def test_the_issuer_sets_a_pin_anew(personal: Host, transport: StaticKeySet) -> None:
    for _ in range(3):
        verify(personal, WRONG)
    personal.enter(PIV_AID, transport)
    assert personal.send(0x00, 0x24, 0x01, 0x80, NEW).sw == 0x9000
    personal.select(PIV_AID)
    assert verify(personal, NEW) == 0x9000


def test_before_a_pin_is_set_none_is_right(host: Host, transport: StaticKeySet) -> None:
    host.install_all(transport)
    host.select(PIV_AID)
    assert verify(host) == 0x6983


def guesses_that_cost_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> int:
    """Cut power inside each write that a VERIFY makes; count comparisons made while the counter on the chip still had that try."""
    free = 0
    honest = reference_data.matches

    def watched(stored: ReferenceData, candidate: bytes) -> bool:
        nonlocal free
        free += memory(host).pin.tries == tries
        return honest(stored, candidate)

    monkeypatch.setattr(reference_data, "matches", watched)
    for write in (1, 2):
        tries = memory(host).pin.tries
        host.card.image.arm(Tear(TearMode.WRITE, write))
        try:
            verify(host, WRONG)
        except CardTorn:
            host.card.reset()
            host.select(PIV_AID)
        host.card.image.arm(None)
    return free


def test_no_cut_of_power_gives_a_free_guess(personal: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guesses_that_cost_nothing(personal, monkeypatch) == 0


def test_control_a_card_that_compares_first_gives_free_guesses(personal: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def compares_first(runtime: Runtime, key_reference: int, candidate: bytes) -> None:
        right = reference_data.matches(reference_data.reference(runtime, key_reference), candidate)
        if not right:
            honest_spend(runtime, key_reference)

    honest_spend = reference_data.spend_try
    monkeypatch.setattr("applets.virtual.piv.verify.prove", compares_first)
    assert guesses_that_cost_nothing(personal, monkeypatch) > 0


def test_three_torn_guesses_are_all_there_are(personal: Host) -> None:
    for left in (2, 1, 0):
        personal.card.image.arm(Tear(TearMode.AFTER, 1))
        with pytest.raises(CardTorn):
            verify(personal, WRONG)
        personal.card.reset()
        personal.select(PIV_AID)
        assert memory(personal).pin.tries == left
    assert verify(personal) == 0x6983


def test_neither_pin_nor_puk_shows_in_a_repr(personal: Host) -> None:
    shown = repr(personal.card.image.chip)
    assert repr(PIN) not in shown
    assert repr(PUK) not in shown
    assert "enc=" not in shown
