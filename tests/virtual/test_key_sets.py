# SPDX-License-Identifier: Apache-2.0
"""PUT KEY and DELETE of key sets: all or nothing, and never a card that nobody can open."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from applets.virtual.chip import StaticKeySet
from applets.virtual.errors import CardTorn
from applets.virtual.tear import Tear, TearMode, WritePhase
from cardservice.card_edge.apdu import CommandApdu
from tests.virtual.host import Host, kcv, key_set, put_key_data


@pytest.fixture
def issuer(host: Host, transport: StaticKeySet) -> Host:
    host.must(host.open(transport))
    return host


def put_key(host: Host, data: bytes, *, replaces: int = 0x00, p2: int = 0x81) -> int:
    return host.send(0x80, 0xD8, replaces, p2, data).sw


def versions(host: Host) -> list[int]:
    return [entry.key_version_number for entry in host.card.image.chip.key_sets]


@pytest.mark.parametrize("length", [16, 24, 32])
def test_a_set_is_added_with_its_check_values(issuer: Host, transport: StaticKeySet, length: int) -> None:
    new = key_set(0x30, length)
    answer = issuer.must(issuer.send(0x80, 0xD8, 0x00, 0x81, put_key_data(new, transport.dek, padding=b"\x5a" * 8)))
    assert answer == b"\x30" + kcv(new.enc) + kcv(new.mac) + kcv(new.dek)
    issuer.select()
    issuer.must(issuer.open(new))
    issuer.select()
    assert issuer.plain("8050000008000000000000000000").data[10] == 0x30  # 00 = added last


@pytest.mark.parametrize("p1", [0xFF, 0x30])
def test_a_set_is_replaced_and_its_counter_starts_anew(issuer: Host, transport: StaticKeySet, p1: int) -> None:
    if p1 == 0x30:
        assert put_key(issuer, put_key_data(key_set(0x30), transport.dek)) == 0x9000
    new = key_set(0x31, seed=3)
    assert put_key(issuer, put_key_data(new, transport.dek), replaces=p1) == 0x9000
    assert p1 not in versions(issuer)
    assert issuer.must(issuer.send(0x80, 0xCA, 0x00, 0xE0))  # the channel goes on
    issuer.select()
    assert issuer.plain("8050310008000000000000000000").data[-3:] == b"\x00\x00\x01"


def test_replacing_in_place_within_the_channel_of_the_same_set(issuer: Host, transport: StaticKeySet) -> None:
    first, second = key_set(0x30), key_set(0x30, seed=3)
    issuer.add_key_set(first, under=transport)
    issuer.select()
    issuer.must(issuer.open(first))
    assert put_key(issuer, put_key_data(second, first.dek), replaces=0x30) == 0x9000
    issuer.select()
    issuer.must(issuer.open(second))


def test_one_key_of_a_set(issuer: Host, transport: StaticKeySet) -> None:
    assert put_key(issuer, put_key_data(key_set(0x30), transport.dek)) == 0x9000
    new = key_set(0x30, seed=3)
    single = put_key_data(new, transport.dek)[: 1 + 2 + 33 + 4]
    assert put_key(issuer, single, replaces=0x30, p2=0x01) == 0x9000
    assert issuer.card.image.chip.key_sets[-1].enc == new.enc
    assert issuer.card.image.chip.key_sets[-1].mac == key_set(0x30).mac
    assert put_key(issuer, single, replaces=0x31, p2=0x01) == 0x6A88


def bent(data: bytes, offset: int, value: int) -> bytes:
    return data[:offset] + bytes([value]) + data[offset + 1 :]


@pytest.mark.parametrize(
    ("change", "sw"),
    [
        pytest.param(lambda data: bent(data, 0, 0x00), 0x6A80, id="version 00"),
        pytest.param(lambda data: bent(data, 0, 0x80), 0x6A80, id="version 80"),
        pytest.param(lambda data: bent(data, 1, 0x80), 0x6A80, id="DES key"),
        pytest.param(lambda data: bent(data, 2, 0x20), 0x6A80, id="length"),
        pytest.param(lambda data: bent(data, 3, 0x21), 0x6A80, id="true length"),
        pytest.param(lambda data: bent(data, 36, 0x00), 0x6A80, id="no check value"),
        pytest.param(lambda data: bent(data, 37, data[37] ^ 1), 0x6982, id="check value of ENC"),
        pytest.param(lambda data: bent(data, len(data) - 1, data[-1] ^ 1), 0x6982, id="check value of DEK"),
        pytest.param(lambda data: data[:-1], 0x6A80, id="cut short"),
        pytest.param(lambda data: data + b"\x00", 0x6A80, id="bytes after"),
        pytest.param(lambda data: data[: 1 + 2 * 39], 0x6A80, id="two keys"),
        pytest.param(lambda _: b"", 0x6700, id="nothing"),
    ],
)
def test_malformed_key_data_changes_nothing(issuer: Host, transport: StaticKeySet, change: object, sw: int) -> None:
    assert callable(change)
    before = issuer.card.image.chip
    assert put_key(issuer, change(put_key_data(key_set(0x30), transport.dek))) == sw
    assert issuer.card.image.chip == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(offset=st.integers(0, 117), mask=st.integers(1, 255))
def test_any_changed_byte_adds_no_key_set(issuer: Host, transport: StaticKeySet, offset: int, mask: int) -> None:
    # Byte 0 is the version: another one there is another set, not a broken one.
    data = put_key_data(key_set(0x30), transport.dek)
    if 0 < offset < len(data):
        assert put_key(issuer, bent(data, offset, data[offset] ^ mask)) in {0x6A80, 0x6982}
    assert versions(issuer) == [0xFF]


def test_a_version_that_is_there_is_not_added_twice(issuer: Host, transport: StaticKeySet) -> None:
    data = put_key_data(key_set(0x30), transport.dek)
    assert [put_key(issuer, data) for _ in range(2)] == [0x9000, 0x6A80]


def test_replacing_an_unknown_set(issuer: Host, transport: StaticKeySet) -> None:
    assert put_key(issuer, put_key_data(key_set(0x30), transport.dek), replaces=0x31) == 0x6A88


@pytest.mark.parametrize("length", [16, 24])
def test_a_replacement_may_not_change_the_length(issuer: Host, transport: StaticKeySet, length: int) -> None:
    assert put_key(issuer, put_key_data(key_set(0x30, length), transport.dek), replaces=0xFF) == 0x6A80


@pytest.mark.parametrize("p2", [0x00, 0x04, 0x80, 0x82])
def test_key_ids_that_no_scp03_set_has(issuer: Host, transport: StaticKeySet, p2: int) -> None:
    assert put_key(issuer, put_key_data(key_set(0x30), transport.dek), p2=p2) == 0x6A86


@pytest.mark.parametrize("phase", list(WritePhase))
def test_a_torn_put_key_leaves_the_old_sets(issuer: Host, transport: StaticKeySet, phase: WritePhase) -> None:
    issuer.card.image.arm(Tear(TearMode.WRITE, 1, phase))
    with pytest.raises(CardTorn):
        put_key(issuer, put_key_data(key_set(0x30), transport.dek), replaces=0xFF)
    issuer.card.reset()
    assert versions(issuer) == [0xFF]
    issuer.must(issuer.open(transport))


def test_the_last_set_can_not_be_deleted(issuer: Host) -> None:
    assert issuer.send(0x80, 0xE4, 0x00, 0x00, bytes.fromhex("D201FF")).sw == 0x6985
    assert versions(issuer) == [0xFF]


@pytest.mark.parametrize(
    ("data", "sw"),
    [
        ("D20131", 0x6A88),
        ("D00101D201FF", 0x6985),
        ("D00101", 0x6985),
        ("D00104", 0x6A88),
        ("D00104D201FF", 0x6A88),
        ("D20231FF", 0x6A80),
        ("", 0x6A80),
        ("D2", 0x6A80),
    ],
)
def test_malformed_delete_of_keys(issuer: Host, transport: StaticKeySet, data: str, sw: int) -> None:
    assert put_key(issuer, put_key_data(key_set(0x30), transport.dek)) == 0x9000
    assert issuer.send(0x80, 0xE4, 0x00, 0x00, bytes.fromhex(data)).sw == sw
    assert versions(issuer) == [0xFF, 0x30]


def test_put_key_without_a_channel(host: Host, transport: StaticKeySet) -> None:
    assert put_key(host, put_key_data(key_set(0x30), transport.dek)) == 0x6982


def test_a_command_in_segments_is_one_command(issuer: Host, transport: StaticKeySet) -> None:
    """GP 11.8.2: P1 bit 8 says that more follow; MAC and encryption cover the whole (Amendment D, 6.2)."""
    assert issuer.channel is not None
    whole = CommandApdu(0x80, 0xD8, 0x00, 0x81, put_key_data(key_set(0x30), transport.dek), 256)
    protected = issuer.channel.protect(whole)
    first, last = protected.command.data[:60], protected.command.data[60:]
    assert issuer.exchange(CommandApdu(0x84, 0xD8, 0x80, 0x81, first)).sw == 0x9000
    answer = protected.open(issuer.exchange(CommandApdu(0x84, 0xD8, 0x00, 0x81, last, 256)))
    assert answer.sw == 0x9000
    assert versions(issuer) == [0xFF, 0x30]
