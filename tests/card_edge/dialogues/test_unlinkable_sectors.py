# SPDX-License-Identifier: Apache-2.0
"""Two verifiers who put their records together find no number that both saw: not in SELECT, not in INITIALIZE UPDATE, not over the air."""

from collections.abc import Callable

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.runtime import Interface
from applets.virtual.scp03 import handshake
from cardservice.card_edge.globalplatform.get_data import CARD_PRODUCTION_LIFE_CYCLE, KEY_INFORMATION, get_data
from cardservice.card_edge.globalplatform.select import select
from cardservice.card_edge.scp03.initialize_update import initialize_update, parse_initialize_update
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.kdd import sector_kdd
from cardservice.card_edge.sector.select import select_sector
from tests.card_edge.dialogues.bureau import Bureau

Blank = Callable[..., VirtualCard]


def seen_by(card: VirtualCard, sector: int) -> bytes:
    card.transmit(select_sector(sector_aid(sector)).encode())
    answer = card.transmit(initialize_update(0x30, bytes(8)).encode())
    assert answer[-2:] == b"\x90\x00"
    return parse_initialize_update(answer[:-2]).kdd


def test_each_sector_tells_a_kdd_of_its_own(bureau: Bureau, blank: Blank) -> None:
    card = blank()
    chip = bureau.personalize(card).chip
    card.reset()
    seen = {sector: seen_by(card, sector) for sector in bureau.plan.sectors}
    assert seen == {sector: sector_kdd(chip.kdd, sector) for sector in bureau.plan.sectors}
    assert len({chip.kdd, *seen.values()}) == len(seen) + 1


def test_sabotage_a_card_that_tells_its_own_kdd_is_linkable(
    bureau: Bureau, blank: Blank, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = blank()
    bureau.personalize(card)
    card.reset()
    monkeypatch.setattr(handshake, "_told_kdd", lambda kdd, _holder: kdd)
    assert seen_by(card, 0x01) == seen_by(card, 0x10)


def test_over_the_air_the_issuer_domain_says_nothing(bureau: Bureau, blank: Blank) -> None:
    card = blank()
    bureau.personalize(card)
    air = VirtualCard(card.image, interface=Interface.CONTACTLESS)
    assert air.transmit(select().encode())[-2:] == b"\x90\x00"
    for command in (get_data(CARD_PRODUCTION_LIFE_CYCLE), get_data(KEY_INFORMATION), initialize_update(0x00, bytes(8))):
        assert air.transmit(command.encode()) == b"\x69\x85"
