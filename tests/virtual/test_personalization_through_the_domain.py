# SPDX-License-Identifier: Apache-2.0
"""STORE DATA to PIV and to sectors (docs/card-edge.md, "Personalization through the domain"), each rule with the sabotage that turns it red."""

import contextlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from applets.virtual.chip import ISD_AID, PivMemory, StaticKeySet
from applets.virtual.element_stream import whole_elements
from applets.virtual.errors import CardTorn, Refused
from applets.virtual.piv.objects import RULES, Read
from applets.virtual.sector import personalization
from applets.virtual.tear import Tear, TearMode
from cardservice.card_edge.tlv import Tlv, find, parse_all
from tests.virtual.host import PIV_AID, Host, key_set, put_key_data, sector_aid

MAC_ONLY, FULL = 0x11, 0x33
SECTOR = sector_aid(0x01)
GENERATE_9A = bytes.fromhex("AC0680011183019A")
GENERATE = bytes.fromhex("AC03800111")
CHUID, PRINTED, CERTIFICATE = 0x5FC102, 0x5FC109, 0x5FC105
OWN = key_set(0x30, 32, seed=5)


def name(host: Host, keys: StaticKeySet, aid: bytes, level: int = MAC_ONLY) -> None:
    """A channel of the domain, in which the next STORE DATA are for this application."""
    host.enter(ISD_AID, keys, level)
    host.must(host.send(0x80, 0xE6, 0x20, 0x00, b"\x00\x00" + bytes([len(aid)]) + aid + bytes(3)))


def store(host: Host, data: bytes, number: int = 0, *, last: bool = True, answered: bool = False) -> int:
    return host.send(0x80, 0xE2, 0x10 | 0x80 * last | answered, number, data, 256 if answered else None).sw


def objects_on(host: Host) -> dict[int, bytes]:
    application = host.card.image.chip.application(PIV_AID)
    assert application is not None
    assert isinstance(application.memory, PivMemory)
    return application.memory.objects


def point(element: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), find(element, 0x7F49, 0x86))


def test_a_key_pair_is_made_and_told(personal: Host, transport: StaticKeySet) -> None:
    name(personal, transport, PIV_AID)
    answer = personal.must(personal.send(0x80, 0xE2, 0x91, 0x00, GENERATE_9A + GENERATE_9A[:-1] + b"\x9c"))
    first, second = parse_all(answer)
    assert point(first).public_numbers() != point(second).public_numbers()


def test_objects_are_readable_as_if_put(personal: Host, transport: StaticKeySet) -> None:
    name(personal, transport, PIV_AID)
    content = Tlv(CHUID, b"\x30\x00") + Tlv(CERTIFICATE, bytes(range(256)) * 2)
    half = 200
    assert store(personal, content[:half], last=False) == 0x9000
    assert store(personal, content[half : half + 240], 1, last=False) == 0x9000
    assert store(personal, content[half + 240 :], 2) == 0x9000
    personal.select(PIV_AID)
    assert personal.must(personal.plain("00CB3FFF055C035FC10200")) == Tlv(0x53, b"\x30\x00")
    assert personal.must(personal.plain("00CB3FFF055C035FC10500")) == Tlv(0x53, bytes(range(256)) * 2)


def test_a_sector_takes_its_keys_and_then_only_they_open_it(personal: Host, transport: StaticKeySet) -> None:
    name(personal, transport, SECTOR)
    block = Tlv(0xD8, put_key_data(OWN, transport.dek))
    made, placed = parse_all(personal.must(personal.send(0x80, 0xE2, 0x91, 0x00, GENERATE + block)))
    assert point(made).curve.name == "secp256r1"
    assert placed.tag == 0xD8
    assert placed.value[0] == 0x30
    for element in (GENERATE, block):
        name(personal, transport, SECTOR)
        assert store(personal, element, answered=True) == 0x6985
    personal.enter(SECTOR, OWN)


def test_sabotage_a_sector_that_does_not_ask_for_its_keys_listens_to_the_domain(
    personal: Host, transport: StaticKeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    name(personal, transport, SECTOR)
    assert store(personal, Tlv(0xD8, put_key_data(OWN, transport.dek)), answered=True) == 0x9000
    # The control: with the check taken out, whoever holds the domain's keys makes the sector a new key.
    monkeypatch.setattr(type(personal.card.image.chip), "key_sets_of", lambda *_: ())
    assert personalization.take(personal.card._runtime, SECTOR, Tlv(0xAC, GENERATE[2:]))


@pytest.mark.parametrize(("level", "sw"), [(0x01, 0x6982), (MAC_ONLY, 0x6982), (0x03, 0x9000), (FULL, 0x9000)])
def test_what_the_pin_guards_is_taken_only_encrypted(
    personal: Host, transport: StaticKeySet, level: int, sw: int
) -> None:
    name(personal, transport, PIV_AID, level)
    assert store(personal, Tlv(PRINTED, b"\x01\x04SARI")) == sw
    assert (PRINTED in objects_on(personal)) == (sw == 0x9000)


def test_sabotage_an_object_that_is_not_known_as_secret_is_taken_in_the_clear(
    personal: Host, transport: StaticKeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, PRINTED, Read.ALWAYS)
    name(personal, transport, PIV_AID)
    assert store(personal, Tlv(PRINTED, b"\x01\x04SARI")) == 0x9000


def test_without_a_mac_nothing_is_taken(personal: Host, transport: StaticKeySet) -> None:
    personal.enter(ISD_AID, transport, 0x00)
    assert store(personal, Tlv(CHUID, b"\x30\x00")) == 0x6982


def test_torn_in_the_middle_each_object_is_old_or_new_by_itself(personal: Host, transport: StaticKeySet) -> None:
    content = b"".join(Tlv(tag, b"new") for tag in (CHUID, CERTIFICATE))
    for writes in (1, 2):
        name(personal, transport, PIV_AID)
        assert store(personal, content.replace(b"new", b"old")) == 0x9000
        name(personal, transport, PIV_AID)
        personal.card.image.arm(Tear(TearMode.WRITE, writes))
        with pytest.raises(CardTorn):
            store(personal, content)
        personal.card.reset()
        expected = [b"new"] * (writes - 1) + [b"old"] * (3 - writes)
        assert [objects_on(personal)[tag] for tag in (CHUID, CERTIFICATE)] == expected


def test_a_selection_ends_it(personal: Host, transport: StaticKeySet) -> None:
    name(personal, transport, PIV_AID)
    assert store(personal, Tlv(CHUID, b"\x30\x00"), last=False) == 0x9000
    personal.enter(ISD_AID, transport, MAC_ONLY)
    assert store(personal, Tlv(CERTIFICATE, b"\x70\x00"), 1) == 0x6A86
    assert CERTIFICATE not in objects_on(personal)


@pytest.mark.parametrize(
    ("aid", "data", "answered", "sw"),
    [
        (PIV_AID, "5FC102", False, 0x6A80),  # the last block, and no end
        (PIV_AID, "0000", False, 0x6A80),
        (PIV_AID, "5FC1300101", False, 0x6A82),  # no object of PIV
        (PIV_AID, "AC03800111", True, 0x6A80),  # of which slot?
        (PIV_AID, "AC06800111830180", True, 0x6A86),  # no slot
        (PIV_AID, "AC0680011483019A", True, 0x6A80),  # another curve
        (PIV_AID, "AC0680011183019A", False, 0x6A86),  # who would read the answer?
        (SECTOR, "530101", False, 0x6A88),  # cover proofs come in the sector's own channel
        (SECTOR, "D80130", True, 0x6A80),
        (SECTOR, "AC03800114", True, 0x6A80),
    ],
)
def test_malformed_content(
    personal: Host, transport: StaticKeySet, aid: bytes, data: str, *, answered: bool, sw: int
) -> None:
    before = personal.card.image.chip.application(aid)
    name(personal, transport, aid)
    assert store(personal, bytes.fromhex(data), answered=answered) == sw
    assert personal.card.image.chip.application(aid) == before


def test_other_forms_and_longer_objects_are_refused(personal: Host, transport: StaticKeySet) -> None:
    for p1 in (0x80, 0x88, 0xF0):
        name(personal, transport, PIV_AID)
        assert personal.send(0x80, 0xE2, p1, 0x00, Tlv(CHUID, b"\x30\x00")).sw == 0x6A80
    name(personal, transport, PIV_AID)
    long = Tlv(CERTIFICATE, bytes(0xE00))
    answers = [
        store(personal, long[start : start + 240], number, last=False)
        for number, start in enumerate(range(0, len(long), 240))
    ]
    assert 0x6A84 in answers
    assert CERTIFICATE not in objects_on(personal)


def test_a_locked_application_takes_nothing(personal: Host, transport: StaticKeySet) -> None:
    name(personal, transport, PIV_AID)
    personal.must(personal.send(0x80, 0xF0, 0x40, 0x80, PIV_AID))
    assert store(personal, Tlv(CHUID, b"\x30\x00")) == 0x6A88


elements = st.lists(
    st.builds(Tlv, st.sampled_from([0x53, 0x7E, 0xAC, 0xD8, 0x7F61, 0x5FC102, 0x5FC105]), st.binary(max_size=300)),
    max_size=6,
)


@given(elements, st.lists(st.integers(1, 250), max_size=20))
def test_however_it_is_cut_the_same_elements_arrive(sent: list[Tlv], cuts: list[int]) -> None:
    content, arrived, waiting = b"".join(sent), list[Tlv](), b""
    for cut in [*cuts, len(content)]:
        block, content = content[:cut], content[cut:]
        whole, waiting = whole_elements(waiting + block)
        arrived += whole
    assert arrived == sent
    assert waiting == b""


@given(st.binary(max_size=64))
def test_any_bytes_are_whole_waiting_or_refused(received: bytes) -> None:
    with contextlib.suppress(Refused):
        whole, waiting = whole_elements(received)
        assert received.endswith(waiting)
        assert whole == parse_all(received[: len(received) - len(waiting)])
