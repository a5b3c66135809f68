# SPDX-License-Identifier: Apache-2.0
import pytest

from cardservice.card_edge.errors import CardEdgeError, UnexpectedResponse
from cardservice.card_edge.globalplatform.get_status import RegistryEntry, StatusScope, get_status, parse_status
from cardservice.card_edge.globalplatform.life_cycle import CardLifeCycle, locked
from cardservice.card_edge.globalplatform.privileges import Privileges
from cardservice.card_edge.globalplatform.set_status import (
    lock_application,
    set_application_status,
    set_card_status,
    unlock_application,
)
from cardservice.card_edge.tlv import Tlv

PIV = bytes.fromhex("A000000308000010000100")


def test_get_status_and_its_continuation() -> None:
    assert get_status(StatusScope.APPLICATIONS).encode().hex() == "80f24002024f0000"
    assert get_status(StatusScope.APPLICATIONS, following=True).p2 == 0x03
    assert get_status(StatusScope.LOAD_FILES, b"\xf0").data.hex() == "4f01f0"


def test_an_application_of_the_vectors() -> None:
    (entry,) = parse_status(bytes.fromhex("E3164F0BA0000003080000100001009F700107C503000000"))
    assert entry == RegistryEntry(PIV, 0x07, Privileges.NONE)


def test_a_load_file_with_its_modules() -> None:
    fields = (
        Tlv(0x4F, b"\xf0\x01")
        + Tlv(0x9F70, b"\x01")
        + Tlv(0xCE, b"\x01\x00")
        + Tlv(0x84, b"\xf0\x02")
        + Tlv(0x84, b"\xf0\x03")
        + Tlv(0xCC, b"\xa0")
    )
    (entry,) = parse_status(Tlv(0xE3, fields))
    assert entry == RegistryEntry(
        b"\xf0\x01", 1, None, security_domain=b"\xa0", version=b"\x01\x00", modules=(b"\xf0\x02", b"\xf0\x03")
    )


def test_an_application_with_everything() -> None:
    fields = Tlv(0x4F, PIV) + Tlv(0x9F70, b"\x87\x00") + Tlv(0xC5, b"\x9e") + Tlv(0xCF, b"\x40") + Tlv(0xC4, b"\xf0")
    (entry,) = parse_status(Tlv(0xE3, fields))
    assert entry.privileges is not None
    assert Privileges.CARD_LOCK in entry.privileges
    assert locked(entry.life_cycle)
    assert (entry.load_file, entry.implicit_selection) == (b"\xf0", (0x40,))


@pytest.mark.parametrize(
    "answer", ["E200", "E300", "E3034F01F0", "E3059F70014F00", "E3084F01F09F7001", "E30A4F01F09F7001078502"]
)
def test_a_broken_registry_is_a_typed_error(answer: str) -> None:
    with pytest.raises(CardEdgeError):
        parse_status(bytes.fromhex(answer))


def test_set_status() -> None:
    assert set_card_status(CardLifeCycle.SECURED).encode().hex() == "80f0800f"
    assert set_application_status(b"\xf0", 0x0F).encode().hex() == "80f0400f01f0"
    assert set_application_status(b"\xf0", 0x80, whole_domain=True).p1 == 0x60
    assert (lock_application(b"\xf0").p2, unlock_application(b"\xf0").p2) == (0x80, 0x00)


def test_the_card_moves_forward_locks_and_ends() -> None:
    moves = {(a.name, b.name) for a in CardLifeCycle for b in CardLifeCycle if a.may_become(b)}
    assert moves == {
        ("OP_READY", "INITIALIZED"),
        ("OP_READY", "TERMINATED"),
        ("INITIALIZED", "SECURED"),
        ("INITIALIZED", "TERMINATED"),
        ("SECURED", "CARD_LOCKED"),
        ("SECURED", "TERMINATED"),
        ("CARD_LOCKED", "SECURED"),
        ("CARD_LOCKED", "TERMINATED"),
    }


@pytest.mark.parametrize(
    ("encoded", "flags"),
    [
        (
            "9E",
            Privileges.SECURITY_DOMAIN
            | Privileges.CARD_LOCK
            | Privileges.CARD_TERMINATE
            | Privileges.CARD_RESET
            | Privileges.CVM_MANAGEMENT,
        ),
        ("A00000", Privileges.DELEGATED_MANAGEMENT),
        ("C10000", Privileges.MANDATED_DAP_VERIFICATION),
        ("804000", Privileges.SECURITY_DOMAIN | Privileges.AUTHORIZED_MANAGEMENT),
        ("000080", Privileges.RECEIPT_GENERATION),
    ],
)
def test_privileges(encoded: str, flags: Privileges) -> None:
    data = bytes.fromhex(encoded)
    assert Privileges.parse(data) == flags
    assert flags.encode() == data.ljust(3, b"\x00")


@pytest.mark.parametrize("length", [0, 2, 4])
def test_privileges_have_1_or_3_bytes(length: int) -> None:
    with pytest.raises(UnexpectedResponse):
        Privileges.parse(bytes(length))
