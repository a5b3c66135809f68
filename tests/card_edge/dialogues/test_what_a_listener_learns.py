# SPDX-License-Identifier: Apache-2.0
"""Somebody who hears every byte of a personalization learns what the card tells anybody who asks, and nothing else (decision 0094)."""

from collections.abc import Callable

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.chip import ISD_AID, Chip, PivMemory
from cardservice.card_edge.dialogues.personalization_plan import CardPublicKeys, Credentials
from cardservice.card_edge.piv.get_data import get_data, parse_get_data
from cardservice.card_edge.piv.object import CERTIFICATE_OF, OBJECTS
from cardservice.card_edge.piv.personalization import told_to_anybody
from cardservice.card_edge.piv.select import PIV_AID, select_piv
from cardservice.card_edge.scp03.parameters import SecurityLevel
from cardservice.card_edge.sector.aid import sector_aid
from tests.card_edge.dialogues.bureau import Bureau

Blank = Callable[..., VirtualCard]


class Listener:
    """Everything on the line, both ways."""

    def __init__(self, card: VirtualCard) -> None:
        self.card, self.heard = card, b""

    def transmit(self, command: bytes) -> bytes:
        answer = self.card.transmit(command)
        self.heard += command + answer
        return answer


def secrets_of(bureau: Bureau, chip: Chip) -> dict[str, bytes]:
    """What must not be heard: PIN, PUK, what the PIN guards, and every static and private key on the card."""
    keys = {
        f"{holder.hex()} {name}": getattr(key_set, name)
        for holder in (ISD_AID, *map(sector_aid, bureau.plan.sectors))
        for key_set in chip.key_sets_of(holder)
        for name in ("enc", "mac", "dek")
    }
    piv = chip.application(PIV_AID)
    assert piv is not None
    assert isinstance(piv.memory, PivMemory)
    keys |= {f"private {slot:02X}": scalar for slot, scalar in piv.memory.keys.items()}
    guarded = {f"{tag:X}": value for tag, value in bureau.plan.piv_objects.items() if not told_to_anybody(tag)}
    return {"PIN": bureau.plan.pin, "PUK": bureau.plan.puk, **guarded, **keys}


def heard_of(bureau: Bureau, card: VirtualCard) -> set[str]:
    listener = Listener(card)
    bureau.personalize(listener)
    return {name for name, value in secrets_of(bureau, card.image.chip).items() if value in listener.heard}


def test_no_secret_is_heard(bureau: Bureau, blank: Blank) -> None:
    card = blank()
    assert heard_of(bureau, card) == set()
    # 3 keys of the ISD and of each sector, 4 PIV keys, PIN, PUK, printed information.
    assert len(secrets_of(bureau, card.image.chip)) == 3 * (1 + len(bureau.plan.sectors)) + 4 + 2 + 1


def test_sabotage_with_a_mac_only_the_pin_is_heard(
    bureau: Bureau, blank: Blank, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: PIV's channel without encryption, on a card that lets it pass.
    monkeypatch.setattr("cardservice.card_edge.dialogues.ground.SECRET", SecurityLevel.C_MAC_R_MAC)
    monkeypatch.setattr("applets.virtual.runtime.C_ENC", 0)
    assert heard_of(bureau, blank()) == {"PIN", "PUK", "5FC109"}


def test_what_went_in_the_clear_is_told_to_anybody(bureau: Bureau, blank: Blank) -> None:
    card = blank()
    bureau.personalize(card)
    _, credentials = bureau.certified[-1]
    written = {*bureau.plan.piv_objects, *(CERTIFICATE_OF[slot].tag for slot in credentials.certificates)}
    card.reset()
    card.transmit(select_piv().encode())
    for tag in written:
        answer = card.transmit(get_data(tag).encode())
        assert (answer[-2:] == b"\x90\x00" or answer[-2] == 0x61) == told_to_anybody(tag), OBJECTS[tag].name


def test_an_object_that_is_not_in_the_table_is_no_business_of_anybody() -> None:
    assert not told_to_anybody(0x5FFF01)


def test_what_was_made_in_the_clear_is_what_was_certified(bureau: Bureau, blank: Blank) -> None:
    card = blank()
    done = bureau.personalize(card)
    assert bureau.certified == [(done.public_keys, done.credentials)]
    assert isinstance(done.public_keys, CardPublicKeys)
    assert isinstance(done.credentials, Credentials)
    card.reset()
    card.transmit(select_piv().encode())
    chuid = card.transmit(get_data(0x5FC102).encode())[:-2]
    assert parse_get_data(0x5FC102, chuid) == bureau.plan.piv_objects[0x5FC102]
