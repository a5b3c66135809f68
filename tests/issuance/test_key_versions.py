# SPDX-License-Identifier: Apache-2.0
"""After masters are rotated a new card has the new key version, an old one works on under its own, and a torn one ends as it began."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.errors import CardTorn
from applets.virtual.tear import Tear, TearMode
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.read_card import read_card
from cardservice.card_edge.errors import CardNotAuthentic, UnexpectedResponse
from cardservice.issuance import binding
from cardservice.issuance.refresh import Refresh, Stale
from cardservice.issuance.void import void_card
from cardservice.keys import CardKeys, Purpose
from cardservice.records import journal, orders
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from hsm.errors import KeyNotActive
from hsm.operations.key_ring import KeyRing
from hsm.stores.software_store import SoftwareStore
from tests.issuance.conftest import counter_over
from tests.issuance.counter import START, Counter, chip_serial
from tests.issuance.key_room import EVERYWHERE, SECTORS, KeyRoom, versions_on
from tests.issuance.test_personalization import assert_live

MASTERS = (Purpose.CARD_MASTER, Purpose.SECTOR_MASTER)
SOON, YEAR_ON = START + timedelta(days=10), START + timedelta(days=370)
OLD, NEW = dict.fromkeys(EVERYWHERE, 0x30), dict.fromkeys(EVERYWHERE, 0x31)
# Before the chip has any key of ours, between its own and those of the sectors, before and after it was certified, before it is secured.
TEARS = (5, 7, 23, 24, 40, 74)


@pytest.fixture
def room(tmp_path: Path) -> KeyRoom:
    (tmp_path / "keys").mkdir(mode=0o700)
    return KeyRoom(tmp_path / "keys")


def opened(room: KeyRoom, database: Database) -> Counter:
    store = room.file.store()
    assert isinstance(store, SoftwareStore)
    counter = counter_over(database, store, 1)
    room.reread(counter)
    return counter


@pytest.fixture
def counter(room: KeyRoom, sqlite_database: Database) -> Counter:
    return opened(room, sqlite_database)


def finished(counter: Counter, member: str, seed: int) -> VirtualCard:
    card = counter.blank_card(seed)
    issued = counter.personalize(counter.approved_order(member), card)
    assert_live(counter, issued, card)
    return card


def renewed(counter: Counter, card: VirtualCard) -> dict[int, Stale]:
    """A channel to every sector under its own keys."""
    card.reset()
    return dict(run(Refresh(counter.bureau).dialogue(), card).written)


def test_over_either_database_both_versions_live_side_by_side(room: KeyRoom, database: Database) -> None:
    counter = opened(room, database)
    old = finished(counter, "P-0001", 1)
    assert versions_on(old) == OLD
    torn, order = counter.blank_card(2), counter.approved_order("P-0002")
    torn.image.arm(Tear(TearMode.AFTER, 24))
    with pytest.raises(CardTorn):
        counter.personalize(order, torn)
    room.rotate(*MASTERS, at=SOON)
    room.reread(counter)
    new = finished(counter, "P-0003", 3)
    assert versions_on(new) == NEW
    torn.reset()
    assert_live(counter, counter.personalize(order, torn), torn)
    assert versions_on(torn) == OLD
    # 25 days on every proof is near its end: each is written anew, under the keys that the card has.
    room.clock.at = SOON + timedelta(days=25)
    for card in (old, new, torn):
        assert renewed(counter, card) == dict.fromkeys(SECTORS, Stale.ENDS_SOON)
        assert renewed(counter, card) == {}
        assert not run(read_card(SECTORS), card).blank


def test_a_year_on_new_cards_are_made_and_the_first_ones_still_work(room: KeyRoom, counter: Counter) -> None:
    old = finished(counter, "P-0001", 1)
    room.rotate(*MASTERS, at=SOON)
    room.rotate(Purpose.SEAL, Purpose.COVER_PROOF, at=YEAR_ON)
    room.reread(counter)
    assert versions_on(finished(counter, "P-0002", 2)) == NEW
    assert dict.fromkeys(SECTORS, Stale.NOT_OURS) == renewed(counter, old)  # what it held was signed a year ago
    assert versions_on(old) == OLD


def test_sabotage_with_version_30_for_every_card_none_is_made_a_year_on(
    room: KeyRoom, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        KeyRing,
        "current_master",
        lambda ring, sector, _: ring.find(Purpose.SECTOR_MASTER if sector else Purpose.CARD_MASTER, 0x30, sector),
    )
    room.rotate(*MASTERS, at=SOON)
    room.rotate(Purpose.SEAL, Purpose.COVER_PROOF, at=YEAR_ON)
    room.reread(counter)
    with pytest.raises(KeyNotActive):
        finished(counter, "P-0002", 2)


def test_a_sector_is_rotated_alone(room: KeyRoom, counter: Counter) -> None:
    room.rotate(Purpose.SECTOR_MASTER, sector=0x10, at=SOON)
    room.reread(counter)
    card = finished(counter, "P-0001", 1)
    assert versions_on(card) == {**OLD, 0x10: 0x31}
    room.clock.at = SOON + timedelta(days=25)
    assert renewed(counter, card) == dict.fromkeys(SECTORS, Stale.ENDS_SOON)


def torn_cards(counter: Counter, tears: Sequence[int] = TEARS) -> list[tuple[VirtualCard, str]]:
    """One for each tear, and its order."""
    torn = []
    for number, at in enumerate(tears, start=1):
        card, order = counter.blank_card(number), counter.approved_order(f"P-000{number}")
        card.image.arm(Tear(TearMode.AFTER, at))
        with pytest.raises(CardTorn):
            counter.personalize(order, card)
        card.reset()
        torn.append((card, order.order_id))
    return torn


def test_torn_wherever_it_was_a_card_ends_with_the_version_it_began_with(room: KeyRoom, counter: Counter) -> None:
    torn = torn_cards(counter)
    room.rotate(*MASTERS, at=SOON)
    room.reread(counter)
    for card, order_id in torn:
        with counter.bureau.database.read() as connection:
            order = orders.get(connection, order_id)
        issued = counter.personalize(order, card)
        assert_live(counter, issued, card)
        assert versions_on(card) == OLD
        with counter.bureau.database.read() as connection:
            lines = [line for line in journal.of_card(connection, issued.card_id) if line.step in {"bind", "resume"}]
        assert [line.step for line in lines] == ["bind", "resume"]
        for line in lines:
            assert isinstance(line.detail, dict)
            assert line.detail["key_versions"] == {f"{sector:02X}": "30" for sector in EVERYWHERE}


def test_sabotage_with_the_version_of_the_day_a_torn_card_is_refused(
    room: KeyRoom, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_today(_: Connection, _card: str, sectors: tuple[int, ...], keys: CardKeys) -> dict[int, int]:
        return keys.current_versions((0x00, *sectors))

    monkeypatch.setattr(binding, "key_versions_of", of_today)
    card, order = counter.blank_card(), counter.approved_order("P-0001")
    card.image.arm(Tear(TearMode.AFTER, 40))
    with pytest.raises(CardTorn):
        counter.personalize(order, card)
    card.reset()
    room.rotate(*MASTERS, at=SOON)
    room.reread(counter)
    with pytest.raises(CardNotAuthentic):
        counter.personalize(order, card)


def test_an_order_whose_card_was_spoiled_goes_on_under_the_version_of_the_day(room: KeyRoom, counter: Counter) -> None:
    """The version belongs to the card: the order's plan passes on to the next chip, the old master does not."""
    lost, order = counter.blank_card(1), counter.approved_order("P-0001")
    lost.image.arm(Tear(TearMode.AFTER, 40))
    with pytest.raises(CardTorn):
        counter.personalize(order, lost)
    lost.reset()
    room.rotate(*MASTERS, at=SOON)
    room.reread(counter)
    void_card(counter.bureau, chip_serial=chip_serial(lost), by="ani", reason="lost")
    other = counter.blank_card(2)
    assert_live(counter, counter.personalize(order, other), other)
    assert versions_on(other) == NEW


def test_a_card_that_tells_a_version_which_is_not_its_own_proves_nothing(room: KeyRoom, counter: Counter) -> None:
    """A reader turns a card's answer back to an older, perhaps stolen, master: the cryptogram does not follow from those keys."""
    room.rotate(*MASTERS, at=SOON)
    room.reread(counter)
    card = finished(counter, "P-0001", 1)
    room.clock.at = SOON + timedelta(days=25)

    class Downgrading:
        def transmit(self, command: bytes) -> bytes:
            if command[:2] == b"\x80\x50":
                command = command[:2] + b"\x00" + command[3:]
            answer = card.transmit(command)
            is_told = command[:2] == b"\x80\x50" and answer[-2:] == b"\x90\x00"
            return answer[:10] + b"\x30" + answer[11:] if is_told else answer

    with pytest.raises(UnexpectedResponse, match="not the predicted answer"):
        run(Refresh(counter.bureau).dialogue(), Downgrading())
    assert versions_on(card) == NEW


def test_a_card_bound_before_versions_were_written_down_has_version_30(
    room: KeyRoom, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(binding, "KEY_VERSIONS", "not-yet")
        ((card, order_id),) = torn_cards(counter, TEARS[:1])
    room.rotate(*MASTERS, at=SOON)
    room.reread(counter)
    with counter.bureau.database.read() as connection:
        order = orders.get(connection, order_id)
    assert_live(counter, counter.personalize(order, card), card)
    assert versions_on(card) == OLD


def test_a_sector_that_a_torn_card_was_not_bound_with_gets_the_version_of_the_day(
    room: KeyRoom, counter: Counter
) -> None:
    counter.bureau = replace(counter.bureau, sectors=SECTORS[:2])
    ((card, order_id),) = torn_cards(counter, TEARS[:1])
    room.rotate(*MASTERS, at=SOON)
    room.reread(counter)
    counter.bureau = replace(counter.bureau, sectors=SECTORS)
    with counter.bureau.database.read() as connection:
        order = orders.get(connection, order_id)
    assert_live(counter, counter.personalize(order, card), card)
    assert versions_on(card) == {**OLD, SECTORS[2]: 0x31}
