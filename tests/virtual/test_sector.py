# SPDX-License-Identifier: Apache-2.0
"""Sector instances, row by row of docs/card-edge.md, "Sector commands"."""

from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from applets.virtual.card import VirtualCard
from applets.virtual.chip import SectorMemory, StaticKeySet
from applets.virtual.errors import CardTorn
from applets.virtual.runtime import Interface
from applets.virtual.tear import Tear, TearMode, WritePhase
from cardservice.card_edge.tlv import Tlv, find
from tests.virtual.conftest import counting_entropy, no_delay
from tests.virtual.host import Host, key_set, put_key_data, sector_aid

AID = sector_aid(0x01)
OTHER = sector_aid(0x10)
GENERATE = bytes.fromhex("AC03800111")
CHALLENGE = bytes(range(36))


def put(host: Host, tag: str, element: bytes) -> int:
    return host.send(0x00, 0xDB, 0x3F, 0xFF, Tlv(0x5C, bytes.fromhex(tag)) + element, None).sw


def generate(host: Host) -> ec.EllipticCurvePublicKey:
    answer = host.must(host.send(0x00, 0x47, 0x00, 0x00, GENERATE))
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), find(answer, 0x7F49, 0x86))


def check_tap(key: ec.EllipticCurvePublicKey, raw: bytes, aid: bytes = AID) -> None:
    assert len(raw) == 64
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(signature, b"KJS-TAP-1" + aid + CHALLENGE, ec.ECDSA(hashes.SHA256()))


@pytest.fixture
def sector(personal: Host, transport: StaticKeySet) -> Host:
    """Sector 01 without keys of its own, a channel with the ISD's open."""
    personal.enter(AID, transport)
    return personal


def test_a_fresh_sector_shows_an_empty_proof(personal: Host) -> None:
    assert personal.must(personal.select(AID)).hex() == "6f0f8409" + AID.hex() + "a5025300"


@pytest.mark.parametrize("length", [1, 120, 231])
def test_the_cover_proof_is_in_the_select_answer(sector: Host, length: int) -> None:
    proof = bytes(range(length))
    assert put(sector, "53", Tlv(0x53, proof)) == 0x9000
    answer = sector.exchange_raw(bytes.fromhex("00A4040009") + AID + b"\x00")
    assert answer.sw == 0x9000  # one short answer, no GET RESPONSE
    assert find(answer.data, 0x6F, 0xA5, 0x53) == proof
    assert sector.must(sector.plain("00CB3FFF035C015300")) == Tlv(0x53, proof)


def test_a_longer_proof_is_refused(sector: Host) -> None:
    assert put(sector, "53", Tlv(0x53, bytes(232))) == 0x6A80


def test_a_tap_over_contacts_and_through_the_air(sector: Host) -> None:
    key = generate(sector)
    for interface in Interface:
        host = Host(VirtualCard(sector.card.image, interface=interface, entropy=counting_entropy()))
        host.select(AID)
        check_tap(key, host.must(host.send(0x00, 0x88, 0x00, 0x00, CHALLENGE)))


def test_a_tap_signs_no_bare_hash_and_no_other_sector(sector: Host, transport: StaticKeySet) -> None:
    key = generate(sector)
    sector.enter(OTHER, transport)
    assert generate(sector).public_numbers() != key.public_numbers()
    sector.select(AID)
    raw = sector.must(sector.send(0x00, 0x88, 0x00, 0x00, CHALLENGE))
    with pytest.raises(InvalidSignature):
        check_tap(key, raw, OTHER)
    bare = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    with pytest.raises(InvalidSignature):
        key.verify(bare, CHALLENGE, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    ("p1", "p2", "length", "sw"), [(0, 0, 35, 0x6700), (0, 0, 37, 0x6700), (1, 0, 36, 0x6A86), (0, 1, 36, 0x6A86)]
)
def test_malformed_taps(sector: Host, p1: int, p2: int, length: int, sw: int) -> None:
    generate(sector)
    sector.select(AID)
    assert sector.send(0x00, 0x88, p1, p2, bytes(length)).sw == sw


def test_a_tap_without_a_key(personal: Host) -> None:
    personal.select(OTHER)
    assert personal.send(0x00, 0x88, 0x00, 0x00, CHALLENGE).sw == 0x6985


def test_generate_replaces_the_key_and_a_torn_one_does_not(sector: Host, transport: StaticKeySet) -> None:
    first = generate(sector)
    second = generate(sector)
    assert first.public_numbers() != second.public_numbers()
    for phase in WritePhase:
        sector.enter(AID, transport)
        sector.card.image.arm(Tear(TearMode.WRITE, 1, phase))
        with pytest.raises(CardTorn):
            generate(sector)
        sector.card.reset()
        sector.select(AID)
        check_tap(second, sector.must(sector.send(0x00, 0x88, 0x00, 0x00, CHALLENGE)))


@pytest.mark.parametrize("length", [16, 32])
def test_the_sectors_own_keys_shut_the_issuer_out(sector: Host, transport: StaticKeySet, length: int) -> None:
    own = key_set(0x30, length, seed=5)
    assert sector.send(0x80, 0xCA, 0x00, 0xE0).sw == 0x6A88
    answer = sector.must(sector.send(0x80, 0xD8, 0x00, 0x81, put_key_data(own, transport.dek)))
    assert answer[0] == 0x30
    assert len(answer) == 10
    generate(sector)  # the channel goes on
    sector.select(AID)
    assert sector.open(transport).sw == 0x6A88
    sector.must(sector.open(own))
    assert sector.must(sector.send(0x80, 0xCA, 0x00, 0xE0))[:2] == b"\xe0\x12"
    # 00 means the same set, with a counter of its own.
    challenge = sector.plain("8050000008000000000000000000")
    assert challenge.data[10] == 0x30
    assert challenge.data[-3:] == b"\x00\x00\x02"
    # Another sector is still the issuer's to open.
    sector.enter(OTHER, transport)


def test_a_sector_replaces_its_own_keys(sector: Host, transport: StaticKeySet) -> None:
    first, second = key_set(0x30, 32, seed=5), key_set(0x30, 32, seed=6)
    sector.must(sector.send(0x80, 0xD8, 0x00, 0x81, put_key_data(first, transport.dek)))
    sector.enter(AID, first)
    assert sector.send(0x80, 0xD8, 0x00, 0x81, put_key_data(second, first.dek)).sw == 0x6A80
    sector.must(sector.send(0x80, 0xD8, 0x30, 0x81, put_key_data(second, first.dek)))
    sector.enter(AID, second)


def test_a_sector_has_one_key_set_whatever_its_version(sector: Host, transport: StaticKeySet) -> None:
    first, second = key_set(0x31, 32, seed=5), key_set(0x3F, 32, seed=6)
    sector.must(sector.send(0x80, 0xD8, 0x00, 0x81, put_key_data(first, transport.dek)))
    sector.enter(AID, first)
    assert sector.send(0x80, 0xD8, 0x00, 0x81, put_key_data(second, first.dek)).sw == 0x6A80  # nothing beside it
    assert sector.send(0x80, 0xD8, 0x30, 0x81, put_key_data(second, first.dek)).sw == 0x6A88  # not the set it has
    sector.must(sector.send(0x80, 0xD8, 0x31, 0x81, put_key_data(second, first.dek)))
    sector.select(AID)
    assert sector.open(first).sw == 0x6A88
    sector.must(sector.open(second))


@pytest.mark.parametrize(
    ("version", "length", "sw"),
    [(0x2F, 32, 0x6A80), (0x40, 32, 0x6A80), (0x30, 24, 0x6A80)],
    ids=["below", "above", "AES-192"],
)
def test_sector_keys_of_another_kind(sector: Host, transport: StaticKeySet, version: int, length: int, sw: int) -> None:
    data = put_key_data(key_set(version, length), transport.dek)
    assert sector.send(0x80, 0xD8, 0x00, 0x81, data).sw == sw


def test_sector_data_is_written_and_read(sector: Host) -> None:
    assert sector.send(0x00, 0xD6, 0x01, 0x10, b"partner data", None).sw == 0x9000
    assert sector.must(sector.send(0x00, 0xB0, 0x01, 0x10, le=12)) == b"partner data"
    assert sector.must(sector.send(0x00, 0xB0, 0x03, 0x80)) == bytes(128)


def test_a_leading_part_is_free_to_read(sector: Host) -> None:
    sector.must(sector.send(0x00, 0xD6, 0x00, 0x00, b"free and secret", None))
    assert put(sector, "DF02", bytes.fromhex("DF02020004")) == 0x9000
    sector.select(AID)
    assert sector.must(sector.plain("00B0000004")) == b"free"
    assert sector.must(sector.plain("00B0000000")) == b"free"
    assert sector.must(sector.plain("00B0000102")) == b"re"
    assert [sector.plain(command).sw for command in ("00B0000005", "00B0000401", "00B0000400")] == [0x6982] * 3


@pytest.mark.parametrize("length", ["0401", "00", "000004"])
def test_malformed_free_length(sector: Host, length: str) -> None:
    assert put(sector, "DF02", Tlv(0xDF02, bytes.fromhex(length))) == 0x6A80


def test_reading_and_writing_past_the_end(sector: Host) -> None:
    assert sector.send(0x00, 0xB0, 0x04, 0x00).sw == 0x6A86
    assert sector.send(0x00, 0xB0, 0x03, 0xFF, le=2).sw == 0x6A86
    assert sector.send(0x00, 0xD6, 0x03, 0xFF, b"ab", None).sw == 0x6A80
    assert sector.send(0x00, 0xD6, 0x80, 0x00, b"a", None).sw == 0x6A86
    assert sector.send(0x00, 0xD6, 0x00, 0x00, b"", None).sw == 0x6700


def test_counters_only_rise(sector: Host) -> None:
    assert sector.must(sector.send(0x80, 0x32, 0x00, 0x07, bytes.fromhex("00000005"))) == bytes.fromhex("00000005")
    assert sector.must(sector.send(0x80, 0x32, 0x00, 0x07, bytes.fromhex("00000001"))) == bytes.fromhex("00000006")
    expected = "df0320" + "00000000" * 7 + "00000006"
    assert sector.must(sector.send(0x00, 0xCB, 0x3F, 0xFF, bytes.fromhex("5C02DF03"))).hex() == expected


@pytest.mark.parametrize(
    ("p1", "p2", "delta", "sw"),
    [
        (0, 8, "00000001", 0x6A86),
        (1, 0, "00000001", 0x6A86),
        (0, 0, "00000000", 0x6A80),
        (0, 0, "000001", 0x6700),
        (0, 1, "FFFFFFFF", 0x6985),
    ],
)
def test_malformed_increase(sector: Host, p1: int, p2: int, delta: str, sw: int) -> None:
    sector.must(sector.send(0x80, 0x32, 0x00, 0x01, bytes.fromhex("00000001")))
    assert sector.send(0x80, 0x32, p1, p2, bytes.fromhex(delta)).sw == sw


def test_without_a_channel_nothing_is_written_and_nothing_private_is_read(personal: Host) -> None:
    personal.select(AID)
    answers = [
        personal.send(0x00, 0x47, 0x00, 0x00, GENERATE),
        personal.send(0x80, 0xD8, 0x00, 0x81, bytes(20)),
        personal.send(0x00, 0xDB, 0x3F, 0xFF, bytes.fromhex("5C0153530101"), None),
        personal.send(0x00, 0xD6, 0x00, 0x00, b"x", None),
        personal.send(0x80, 0x32, 0x00, 0x00, bytes.fromhex("00000001")),
        personal.send(0x00, 0xCB, 0x3F, 0xFF, bytes.fromhex("5C02DF03")),
        personal.send(0x00, 0xB0, 0x00, 0x00),
    ]
    assert [answer.sw for answer in answers] == [0x6982] * 7


@pytest.mark.parametrize(
    ("command", "sw"), [("00200080", 0x6D00), ("00CB3FFF045C02DF0200", 0x6A82), ("0032000000", 0x6E00)]
)
def test_what_a_sector_has_not(personal: Host, command: str, sw: int) -> None:
    personal.select(AID)
    assert personal.plain(command).sw == sw


def test_no_answer_of_a_sector_names_another(sector: Host) -> None:
    generate(sector)
    sector.select(AID)
    asked = ["00CB3FFF035C015300", "80CA00E000", "80CA9F7F00", "80CA2F0000", "80CA006600", "00B0000000"]
    told = b"".join(sector.plain(command).data for command in asked) + sector.select(AID).data
    assert OTHER not in told
    assert sector.card.image.chip.cplc not in told


def test_a_full_counter_stays_full(sector: Host, transport: StaticKeySet) -> None:
    image = sector.card.image
    application = image.chip.application(AID)
    assert application is not None
    assert isinstance(application.memory, SectorMemory)
    full = replace(application.memory, counters=(0xFFFFFFFF,) * 8)
    image.commit(image.chip.with_application(replace(application, memory=full)))
    host = Host(VirtualCard(image, entropy=counting_entropy(), delay=no_delay), challenges=99)
    host.enter(AID, transport)
    assert host.send(0x80, 0x32, 0x00, 0x00, bytes.fromhex("00000001")).sw == 0x6985


@pytest.mark.parametrize(
    ("ins", "data", "sw"),
    [
        (0xDB, "", 0x6A80),
        (0xDB, "5C", 0x6A80),
        (0xDB, "5C00530101", 0x6A80),
        (0xDB, "5C0153", 0x6A80),
        (0xDB, "5C0153540101", 0x6A80),
        (0xDB, "5C0154540101", 0x6A82),
        (0xDB, "5C0153530101530101", 0x6A80),
        (0xDB, "5C02DF03DF032000", 0x6A80),
        (0xCB, "5C0153530101", 0x6A80),
        (0xCB, "530101", 0x6A80),
    ],
)
def test_malformed_objects(sector: Host, ins: int, data: str, sw: int) -> None:
    assert sector.send(0x00, ins, 0x3F, 0xFF, bytes.fromhex(data)).sw == sw
    assert sector.send(0x00, ins, 0x3F, 0xFE, bytes.fromhex(data)).sw == 0x6A86


@pytest.mark.parametrize(("p1", "p2", "data"), [(1, 0, "AC03800111"), (0, 1, "AC03800111")])
def test_generate_for_another_key(sector: Host, p1: int, p2: int, data: str) -> None:
    assert sector.send(0x00, 0x47, p1, p2, bytes.fromhex(data)).sw == 0x6A86


@pytest.mark.parametrize("data", ["", "AC", "AC03800114", "AC0680011181010A", "AD03800111", "AC03800111AC03800111"])
def test_generate_with_another_template(sector: Host, data: str) -> None:
    assert sector.send(0x00, 0x47, 0x00, 0x00, bytes.fromhex(data)).sw == 0x6A80
