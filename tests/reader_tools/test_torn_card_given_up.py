# SPDX-License-Identifier: Apache-2.0
"""A card torn in its master's last days comes back too late: the desk says so, and the two commands that it names do go on."""

from pathlib import Path

import pytest

from applets.virtual.errors import CardTorn
from applets.virtual.tear import Tear, TearMode
from cardservice.issuance.void import void_card
from cardservice.keys import Purpose
from cardservice.records.database import Database
from cardservice.texts.catalogue import Language, text
from hsm.errors import KeyNotActive
from reader_tools.cli.card_making import _given_up
from reader_tools.cli.exit_code import ExitCode, exit_code_for
from reader_tools.errors import TornCardMasterEnded
from tests.databases import database_url, migrated_sqlite, sqlite_database, sqlite_url
from tests.issuance.counter import chip_serial
from tests.issuance.key_room import KeyRoom, versions_on
from tests.issuance.test_key_versions import MASTERS, NEW, SOON, YEAR_ON, opened
from tests.issuance.test_personalization import assert_live

__all__ = ["database_url", "migrated_sqlite", "sqlite_database", "sqlite_url"]


def test_it_is_told_as_such_and_the_order_goes_on(tmp_path: Path, sqlite_database: Database) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    room = KeyRoom(tmp_path / "keys")
    counter = opened(room, sqlite_database)
    torn, order = counter.blank_card(1), counter.approved_order("P-0001")
    torn.image.arm(Tear(TearMode.AFTER, 7))  # between its own key set and those of the sectors
    with pytest.raises(CardTorn):
        counter.personalize(order, torn)
    torn.reset()
    room.rotate(*MASTERS, at=SOON)
    room.rotate(Purpose.SEAL, Purpose.COVER_PROOF, at=YEAR_ON)
    room.reread(counter)

    with pytest.raises(KeyNotActive) as ended:
        counter.personalize(order, torn)
    torn.reset()
    told = _given_up(counter.bureau, order.order_id, ended.value)
    assert isinstance(told, TornCardMasterEnded)
    assert exit_code_for(told) is ExitCode.REFUSED
    serial = chip_serial(torn)
    remedy = text(told.code).remedy(Language.ENGLISH, told.evidence)
    assert f"kartu card void {serial} --by" in remedy
    assert f"kartu card personalize {order.order_id}" in remedy
    assert told.evidence["version"] == "30"

    void_card(counter.bureau, chip_serial=serial, by="ani", reason="master ended")
    other = counter.blank_card(2)
    assert_live(counter, counter.personalize(order, other), other)
    assert versions_on(other) == NEW


def test_a_key_that_is_no_master_is_told_as_it_is(tmp_path: Path, sqlite_database: Database) -> None:
    """Control: nobody is told to give up a card because a proof can't be signed today."""
    (tmp_path / "keys").mkdir(mode=0o700)
    counter = opened(KeyRoom(tmp_path / "keys"), sqlite_database)
    order = counter.approved_order("P-0001")
    for purpose in (Purpose.COVER_PROOF, Purpose.CARD_MASTER):  # and no card was begun for this order
        error = KeyNotActive(purpose=purpose.value, version=1, rule="not yet")
        assert _given_up(counter.bureau, order.order_id, error) is error
