# SPDX-License-Identifier: Apache-2.0
"""Class bytes, lengths, chaining, GET RESPONSE and selection: what every command passes through."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from applets.virtual import selection
from applets.virtual.card import VirtualCard
from applets.virtual.chip import ISD_AID, Chip, StaticKeySet
from applets.virtual.errors import Refused
from cardservice.card_edge.tlv import Tlv
from tests.virtual.host import PIV_AID, Host, sector_aid


def say(host: Host, command: str) -> str:
    return host.card.transmit(bytes.fromhex(command)).hex()


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("80", "6700"),
        ("80CA00", "6700"),
        ("80CA006605", "9000"),
        ("80CA00660501", "6700"),
        ("80CA00660001", "6700"),
        ("80CA0066000000", "9000"),
        ("81CA006600", "6881"),
        ("C0CA006600", "6881"),
        ("88CA006600", "6882"),
        ("0CCA006600", "6882"),
        ("A0CA006600", "6e00"),
        ("FFCA006600", "6e00"),
        ("80EE000000", "6d00"),
        ("00E40000", "6e00"),
        ("00A4000C023F00", "6d00"),
        ("00A4040105A000000003", "6a86"),
        ("00C0000000", "6985"),
        ("00C0010000", "6a86"),
        ("84CA006600", "6982"),
        ("8482330010" + "00" * 16, "6985"),
    ],
)
def test_what_a_blank_card_says(host: Host, command: str, sw: str) -> None:
    assert say(host, command)[-4:] == sw


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(command=st.binary(max_size=300))
def test_any_bytes_get_an_answer(card: VirtualCard, command: bytes) -> None:
    answer = card.transmit(command)
    assert 2 <= len(answer) <= 258
    assert answer[-2] >> 4 in {6, 9}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    header=st.tuples(
        st.sampled_from((0x00, 0x80, 0x10, 0x84, 0x04)),
        st.sampled_from(
            (0x20, 0x24, 0x2C, 0x32, 0x47, 0x87, 0x88, 0xB0, 0xCA, 0xCB, 0xD6, 0xDB, 0xA4, 0x50, 0x82, 0xC0)
        ),
        st.sampled_from((0x00, 0x01, 0x3F, 0x04, 0x11, 0xFF)),
        st.sampled_from((0x00, 0x80, 0x81, 0xFF, 0x9A, 0x9D, 0x9E)),
    ),
    data=st.binary(max_size=80),
    application=st.sampled_from((PIV_AID, sector_aid(1))),
)
def test_an_application_answers_any_command(
    personal: Host, header: tuple[int, int, int, int], data: bytes, application: bytes
) -> None:
    personal.select(application)
    body = bytes([len(data)]) + data if data else b""
    answer = personal.card.transmit(bytes(header) + body)
    assert answer[-2] >> 4 in {6, 9}


def test_a_chain_of_plain_frames(personal: Host) -> None:
    # GENERAL AUTHENTICATE in two frames.
    assert say(personal, "1087119E10" + "7C2482008120" + "00" * 10) == "9000"
    assert say(personal, "0087119E16" + "00" * 22 + "00")[-4:] == "9000"


def test_a_chain_left_unfinished(personal: Host) -> None:
    assert say(personal, "1087119E0100") == "9000"
    assert say(personal, "00CB3FFF035C017E00") == "6883"
    assert say(personal, "00CB3FFF035C017E00")[-4:] == "9000"


def test_a_chain_without_end(personal: Host) -> None:
    answers = [say(personal, "10DB3FFFFF" + "00" * 255) for _ in range(18)]
    assert answers[:16] == ["9000"] * 16
    assert "6a84" in answers


def test_a_long_answer_waits_for_get_response_and_for_nothing_else(personal: Host, transport: StaticKeySet) -> None:
    personal.enter(PIV_AID, transport)
    personal.must(
        personal.send(0x00, 0xDB, 0x3F, 0xFF, Tlv(0x5C, bytes.fromhex("5FC105")) + Tlv(0x53, bytes(700)), None)
    )
    personal.select(PIV_AID)
    read = "00CB3FFF055C035FC10500"
    first = say(personal, read)
    assert (len(first) // 2, first[-4:]) == (258, "6100")
    second = say(personal, "00C0000000")
    assert (len(second) // 2, second[-4:]) == (258, "61c0")
    assert say(personal, "00C0000040")[-4:] == "6180"
    assert say(personal, "00C0000000")[-4:] == "9000"
    assert say(personal, "00C0000000") == "6985"
    say(personal, read)
    say(personal, "00CB3FFF035C017E00")
    assert say(personal, "00C0000000") == "6985"


def test_extended_length_is_answered_whole(personal: Host, transport: StaticKeySet) -> None:
    personal.enter(PIV_AID, transport)
    personal.must(
        personal.send(0x00, 0xDB, 0x3F, 0xFF, Tlv(0x5C, bytes.fromhex("5FC105")) + Tlv(0x53, bytes(700)), None)
    )
    personal.select(PIV_AID)
    assert say(personal, "00CB3FFF0000055C035FC1050000")[-4:] == "9000"


def test_selecting(personal: Host) -> None:
    assert personal.select(b"").sw == 0x9000
    assert say(personal, "00A4040005A000000647") == "6a82"
    assert say(personal, "80CA006600")[-4:] == "9000"  # the ISD is still selected
    # By prefix: the first, then the next.
    first = say(personal, "00A4040008F04B4A535249000200")
    second = say(personal, "00A4040208F04B4A535249000200")
    assert (sector_aid(0x01).hex() in first, sector_aid(0x10).hex() in second) == (True, True)
    assert say(personal, "00A4040208F04B4A535249000200") == "6a82"


def test_unknown_aid_leaves_a_sector_selected(personal: Host) -> None:
    personal.select(sector_aid(1))
    assert say(personal, "00A4040005A000000647") == "6a82"
    assert say(personal, "00CB3FFF035C015300") == "53009000"


def test_control_a_card_that_falls_back_to_the_isd(personal: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def falls_back(chip: Chip, prefix: bytes, after: bytes | None) -> bytes:
        try:
            return honest(chip, prefix, after)
        except Refused:
            return ISD_AID

    honest = selection._find
    monkeypatch.setattr(selection, "_find", falls_back)
    personal.select(sector_aid(1))
    assert say(personal, "00A4040005A000000647") != "6a82"
    assert say(personal, "00CB3FFF035C015300") == "6d00"


def test_reset_selects_the_isd(personal: Host) -> None:
    personal.select(PIV_AID)
    personal.card.reset()
    assert say(personal, "80CA9F7F00")[-4:] == "9000"


def test_power_off_forgets(personal: Host, transport: StaticKeySet) -> None:
    personal.enter(PIV_AID, transport)
    personal.card.power_off()
    personal.card.reset()
    assert personal.card.transmit(bytes.fromhex("84CA006608" + "00" * 8)).hex() == "6982"
