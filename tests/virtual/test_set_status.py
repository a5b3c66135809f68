# SPDX-License-Identifier: Apache-2.0
"""SET STATUS: the card's states go forward only, and what each state still answers; locking an application."""

import itertools

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.chip import SSD_LOAD_FILE, SSD_MODULE, CardState, StaticKeySet
from applets.virtual.security_domain import set_status
from tests.virtual.host import PIV_AID, Host, sector_aid

ALLOWED = {(1, 7), (7, 0x0F), (0x0F, 0x7F), (0x7F, 0x0F), (1, 0xFF), (7, 0xFF), (0x0F, 0xFF), (0x7F, 0xFF)}
WAY = {1: (), 7: (7,), 0x0F: (7, 0x0F), 0x7F: (7, 0x0F, 0x7F), 0xFF: (0xFF,)}


def set_card(host: Host, state: int) -> int:
    return host.send(0x80, 0xF0, 0x80, state, le=None).sw


@pytest.mark.parametrize(("before", "after"), list(itertools.product(WAY, WAY)))
def test_the_card_life_cycle(host: Host, transport: StaticKeySet, before: int, after: int) -> None:
    host.must(host.open(transport))
    for state in WAY[before]:
        assert set_card(host, state) == 0x9000
    expected = 0x9000 if (before, after) in ALLOWED else 0x6985
    assert set_card(host, after) == expected
    assert host.card.image.chip.life_cycle == (after if expected == 0x9000 else before)


def test_control_a_card_that_goes_back(host: Host, transport: StaticKeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    anywhere = dict.fromkeys(CardState, frozenset(CardState))
    monkeypatch.setattr(set_status, "_CARD_STEPS", anywhere)
    host.must(host.open(transport))
    assert [set_card(host, state) for state in (0x0F, 0x01)] == [0x9000, 0x9000]


@pytest.mark.parametrize("state", [0x00, 0x03, 0x80, 0x8F])
def test_states_that_no_card_has(host: Host, transport: StaticKeySet, state: int) -> None:
    host.must(host.open(transport))
    assert set_card(host, state) == 0x6A86


@pytest.fixture
def locked(personal: Host, transport: StaticKeySet) -> Host:
    personal.select()
    personal.must(personal.open(transport))
    for state in (0x07, 0x0F, 0x7F):
        assert set_card(personal, state) == 0x9000
    personal.card.reset()
    personal.channel = None
    return personal


def test_a_locked_card_answers_for_its_issuer_only(locked: Host) -> None:
    assert locked.plain("00A4040000").sw == 0x6283
    assert locked.plain("80CA9F7F00").sw == 0x9000
    assert locked.select(PIV_AID).sw == 0x6A82
    assert locked.select(sector_aid(1)).sw == 0x6A82
    assert locked.plain("80F28002024F0000").sw == 0x6985


def test_the_issuer_unlocks_a_locked_card(locked: Host, transport: StaticKeySet) -> None:
    locked.must(locked.open(transport))
    assert locked.install(PIV_AID, PIV_AID).sw == 0x6985
    assert set_card(locked, 0x0F) == 0x9000
    assert locked.select(sector_aid(1)).sw == 0x9000


@pytest.mark.parametrize(
    "command",
    ["00A4040000", "80CA9F7F00", "80CA006600", "8050000008000000000000000000", "80F28002024F0000", "00C0000000"],
)
def test_a_terminated_card_does_nothing_and_stays_so(host: Host, transport: StaticKeySet, command: str) -> None:
    host.must(host.open(transport))
    assert set_card(host, 0xFF) == 0x9000
    assert host.exchange_raw(bytes.fromhex(command)).sw == 0x6985
    again = Host(VirtualCard(host.card.image))
    assert again.exchange_raw(bytes.fromhex(command)).sw == 0x6985


def test_an_application_is_locked_and_unlocked(personal: Host, transport: StaticKeySet) -> None:
    personal.select()
    personal.must(personal.open(transport))
    lock = (0x80, 0xF0, 0x40)
    assert personal.send(*lock, 0x80, PIV_AID, None).sw == 0x9000
    assert personal.send(*lock, 0x80, bytes.fromhex("A000000647"), None).sw == 0x6A88
    assert personal.send(*lock, 0x0F, PIV_AID, None).sw == 0x6985
    assert personal.send(0x80, 0xF0, 0x20, 0x80, PIV_AID, None).sw == 0x6A86
    assert personal.plain("00A404000BA00000030800001000010000").sw == 0x6A82
    assert personal.send(*lock, 0x07, PIV_AID, None).sw == 0x9000
    assert personal.select(PIV_AID).sw == 0x9000


def test_a_domain_is_locked_with_all_its_applications(personal: Host, transport: StaticKeySet) -> None:
    domain = bytes.fromhex("F04B4A5352490F01")
    personal.select()
    personal.must(personal.open(transport))
    for p1, fields in (
        (0x0C, (SSD_LOAD_FILE, SSD_MODULE, domain, b"\x80", b"\xc9\x00", b"")),
        (0x10, (domain, b"", PIV_AID, b"", b"", b"")),
    ):
        data = b"".join(bytes([len(each)]) + each for each in fields)
        personal.must(personal.send(0x80, 0xE6, p1, 0x00, data))
    assert personal.send(0x80, 0xF0, 0x60, 0x80, sector_aid(1), None).sw == 0x6A88
    assert personal.send(0x80, 0xF0, 0x60, 0x80, domain, None).sw == 0x9000
    assert [personal.select(aid).sw for aid in (domain, PIV_AID, sector_aid(1))] == [0x6A82, 0x6A82, 0x9000]
    personal.select()
    personal.must(personal.open(transport))
    assert personal.send(0x80, 0xF0, 0x60, 0x00, domain, None).sw == 0x9000
    assert [personal.select(aid).sw for aid in (domain, PIV_AID)] == [0x9000, 0x9000]
