# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.errors import CardEdgeError, UnexpectedResponse, UnwritableContent
from cardservice.card_edge.globalplatform.get_data import KEY_INFORMATION, get_data
from cardservice.card_edge.globalplatform.select import ISSUER_SECURITY_DOMAIN
from cardservice.card_edge.piv.change import set_pin, set_puk
from cardservice.card_edge.piv.select import PIV_AID
from cardservice.card_edge.sector.aid import (
    LOAD_FILE_AID,
    PIV_MODULE_AID,
    SECTOR_MODULE_AID,
    SectorKind,
    sector_aid,
    sector_kind,
    sector_of,
)
from cardservice.card_edge.sector.counters import get_counters, increase, parse_counters, parse_increase
from cardservice.card_edge.sector.cover_proof import get_cover_proof, parse_cover_proof, put_cover_proof
from cardservice.card_edge.sector.data import SECTOR_DATA_LENGTH, read_binary, set_free_length, update_binary
from cardservice.card_edge.sector.generate import generate_sector_key
from cardservice.card_edge.sector.select import MAX_COVER_PROOF, parse_sector_select, select_sector
from cardservice.card_edge.sector.tap import PREFIX, internal_authenticate
from cardservice.card_edge.tlv import Tlv

CARD_EDGE = (Path(__file__).parents[3] / "docs" / "card-edge.md").read_text()
HEALTH = sector_aid(0x01)


def test_names_are_those_of_the_page() -> None:
    for aid in (ISSUER_SECURITY_DOMAIN, PIV_AID, LOAD_FILE_AID, PIV_MODULE_AID, SECTOR_MODULE_AID):
        assert aid.hex().upper() in CARD_EDGE
    assert f"at most {MAX_COVER_PROOF} bytes" in CARD_EDGE
    assert f"up to {SECTOR_DATA_LENGTH:,} bytes" in CARD_EDGE
    assert PREFIX.decode() in CARD_EDGE


@pytest.mark.parametrize(
    ("shape", "command"),
    [
        ("00 88 00 00 24 id(4) H(32) 00", internal_authenticate(b"\x11" * 4, b"\x22" * 32)),
        ("00 47 00 00 05 AC 03 80 01 11 00", generate_sector_key()),
        ("00 DB 3F FF Lc 5C 01 53 53 len proof", put_cover_proof(b"\x33" * 100)),
        ("00 CB 3F FF 03 5C 01 53 00", get_cover_proof()),
        ("00 DB 3F FF 09 5C 02 DF 02 DF 02 02 len(2)", set_free_length(16)),
        ("00 D6 off(2) Lc data", update_binary(0x0102, b"\x44")[0]),
        ("00 B0 off(2) Le", read_binary(0x0102, 32)),
        ("00 CB 3F FF 04 5C 02 DF 03 00", get_counters()),
        ("80 32 00 n 04 delta(4) 00", increase(3, 9)),
        ("80 CA 00 E0 00", get_data(KEY_INFORMATION)),
        ("00 24 01 80/81 08 new", set_pin(b"123456")),
        ("00 24 01 80/81 08 new", set_puk(b"12345678")),
    ],
)
def test_commands_have_the_shape_that_the_page_gives(shape: str, command: CommandApdu) -> None:
    assert shape in CARD_EDGE
    assert re.fullmatch(as_pattern(shape), command.encode().hex().upper())


def as_pattern(shape: str) -> str:
    """A shape of the page as a pattern: fixed bytes as they are, id(4) as four bytes, Lc and len as one, data as any number."""
    parts = []
    for part in shape.split():
        counted = re.fullmatch(r"\w+\((\d+)\)", part)
        if counted:
            parts.append(".." * int(counted[1]))
        elif re.fullmatch(r"[0-9A-F]{2}", part):
            parts.append(part)
        elif "/" in part:
            parts.append("(?:" + part.replace("/", "|") + ")")
        elif part in {"Lc", "Le", "len", "n"}:
            parts.append("..")
        else:
            parts.append("(?:..)*")
    return "".join(parts)


@pytest.mark.parametrize(
    ("sector", "kind"),
    [
        (0x01, SectorKind.HEALTH),
        (0x10, SectorKind.TRANSPORT),
        (0x1F, SectorKind.TRANSPORT),
        (0x20, SectorKind.MERCHANT),
        (0x3F, SectorKind.MERCHANT),
        (0x40, SectorKind.BANK),
        (0x4F, SectorKind.BANK),
        (0x50, SectorKind.TELCO),
        (0x5F, SectorKind.TELCO),
        (0x70, SectorKind.COUNTER),
        (0x02, None),
        (0x60, None),
        (0x71, None),
    ],
)
def test_each_sector_has_its_kind(sector: int, kind: SectorKind | None) -> None:
    assert sector_kind(sector) is kind


def test_sector_aids() -> None:
    assert HEALTH.hex().upper() == "F04B4A535249000201"
    assert [sector_of(sector_aid(n)) for n in range(1, 256)] == list(range(1, 256))
    assert sector_of(PIV_AID) is None
    assert sector_of(SECTOR_MODULE_AID) is None
    for wrong in (0, -1, 256):
        with pytest.raises(UnwritableContent):
            sector_aid(wrong)


def selected(proof: bytes, aid: bytes = HEALTH) -> bytes:
    return Tlv(0x6F, Tlv(0x84, aid) + Tlv(0xA5, Tlv(0x53, proof)))


@given(st.binary(max_size=MAX_COVER_PROOF))
def test_the_cover_proof_comes_with_select_in_one_short_answer(proof: bytes) -> None:
    assert len(selected(proof)) <= 256
    assert parse_sector_select(selected(proof), HEALTH) == proof


def test_231_bytes_is_what_fits() -> None:
    assert len(selected(bytes(MAX_COVER_PROOF))) == 251
    with pytest.raises(UnexpectedResponse):
        parse_sector_select(selected(bytes(MAX_COVER_PROOF + 1)))
    with pytest.raises(UnwritableContent):
        put_cover_proof(bytes(MAX_COVER_PROOF + 1))


def test_an_answer_of_another_sector_is_refused() -> None:
    assert select_sector(HEALTH).encode().hex() == "00a4040009f04b4a53524900020100"
    with pytest.raises(UnexpectedResponse):
        parse_sector_select(selected(b"", sector_aid(0x10)), HEALTH)


@given(st.binary(max_size=60))
def test_any_answer_is_read_or_our_error(noise: bytes) -> None:
    for parse in (parse_sector_select, parse_cover_proof, parse_counters, parse_increase):
        for data in (noise, Tlv(0x6F, noise), Tlv(0xDF03, noise)):
            try:
                parse(data)
            except CardEdgeError:
                continue


def test_cover_proof_read_back() -> None:
    assert parse_cover_proof(Tlv(0x53, b"proof")) == b"proof"
    with pytest.raises(UnexpectedResponse):
        parse_cover_proof(Tlv(0x54, b"proof"))


@given(st.integers(0, SECTOR_DATA_LENGTH), st.binary(max_size=SECTOR_DATA_LENGTH), st.integers(1, 255))
def test_sector_data_is_written_in_blocks_that_join(offset: int, data: bytes, size: int) -> None:
    if offset + len(data) > SECTOR_DATA_LENGTH:
        with pytest.raises(UnwritableContent):
            update_binary(offset, data, size)
        return
    memory = bytearray(SECTOR_DATA_LENGTH)
    for command in update_binary(offset, data, size):
        at = command.p1 << 8 | command.p2
        memory[at : at + len(command.data)] = command.data
    assert memory[offset : offset + len(data)] == data


@pytest.mark.parametrize("offset", [-1, SECTOR_DATA_LENGTH, 0x8000])
def test_reading_past_the_end_is_refused(offset: int) -> None:
    with pytest.raises(UnwritableContent):
        read_binary(offset)


@pytest.mark.parametrize("length", [-1, SECTOR_DATA_LENGTH + 1])
def test_the_free_part_is_within_the_data(length: int) -> None:
    assert set_free_length(SECTOR_DATA_LENGTH).data.hex() == "5c02df02df02020400"
    with pytest.raises(UnwritableContent):
        set_free_length(length)


def test_counters() -> None:
    values = (0, 1, 2, 3, 4, 5, 6, 0xFFFFFFFF)
    assert parse_counters(Tlv(0xDF03, b"".join(value.to_bytes(4, "big") for value in values))) == values
    assert parse_increase(b"\x00\x00\x01\x00") == 256
    for counter, delta in ((-1, 1), (8, 1), (0, 0), (0, 1 << 32)):
        with pytest.raises(UnwritableContent):
            increase(counter, delta)
