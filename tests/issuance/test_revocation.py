# SPDX-License-Identifier: Apache-2.0
"""A revoked card's keys are used no more: the key process is told, and told again if it could not hear."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import pytest

from cardservice.issuance import void
from cardservice.issuance.bureau import BureauKeys
from cardservice.issuance.errors import KeysNotTold
from cardservice.issuance.revocation import tell_all_revoked
from cardservice.issuance.void import void_card
from cardservice.keys import KeyOrigin, KeySet, SessionRequest
from cardservice.records import cards
from cardservice.records.card_state import CardState
from hsm.errors import CardRevoked, KeyProcessDown
from tests.issuance.counter import Counter


class Unreachable:
    """Keys that answer everything but this."""

    def __init__(self, keys: BureauKeys) -> None:
        self._keys = keys

    def __getattr__(self, name: str) -> object:
        return getattr(self._keys, name)

    def revoke_cards(self, kdds: Sequence[bytes], *, reason: str) -> int:
        raise KeyProcessDown(socket="s", rule=f"{len(kdds)} not told: {reason}")


def live_card(counter: Counter, seed: int = 1) -> tuple[str, bytes]:
    """Chip serial and KDD."""
    order, card = counter.approved_order(f"P-000{seed}"), counter.blank_card(seed=seed)
    issued = counter.personalize(order, card)
    with counter.bureau.database.begin() as connection:
        row = cards.find_by_chip_serial(connection, issued.chip_serial)
    assert row is not None
    assert row.kdd is not None
    return issued.chip_serial, row.kdd


def open_channel(counter: Counter, kdd: bytes) -> object:
    request = SessionRequest(KeySet(KeyOrigin.SCHEME, 0x30, kdd), bytes(8), bytes(8))
    return counter.bureau.keys.card_keys.session_keys([request])


def test_the_keys_of_a_voided_card_open_no_channel(either_counter: Counter) -> None:
    chip_serial, kdd = live_card(either_counter)
    assert open_channel(either_counter, kdd)
    void_card(either_counter.bureau, chip_serial=chip_serial, by="ani", reason="stolen")
    with pytest.raises(CardRevoked):
        open_channel(either_counter, kdd)


def test_sabotage_a_void_that_tells_nobody_leaves_the_channel_open(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody: Callable[..., None] = lambda *_: None  # noqa: E731 - it stands for a function
    monkeypatch.setattr(void, "tell_revoked", nobody)
    chip_serial, kdd = live_card(counter)
    void_card(counter.bureau, chip_serial=chip_serial, by="ani", reason="stolen")
    assert open_channel(counter, kdd)


def test_a_card_is_revoked_even_where_the_keys_can_not_be_told_and_telling_again_mends_it(
    either_counter: Counter,
) -> None:
    counter = either_counter
    first, second = live_card(counter, 1), live_card(counter, 2)
    deaf = replace(counter.bureau, keys=cast("BureauKeys", Unreachable(counter.bureau.keys)))
    with pytest.raises(KeysNotTold, match="hsm-down"):
        void_card(deaf, chip_serial=first[0], by="ani", reason="stolen")
    with counter.bureau.database.begin() as connection:
        row = cards.find_by_chip_serial(connection, first[0])
    assert row is not None
    assert row.state is CardState.REVOKED
    assert open_channel(counter, first[1])
    assert tell_all_revoked(counter.bureau) == (1, 1)
    assert tell_all_revoked(counter.bureau) == (1, 0)
    with pytest.raises(CardRevoked):
        open_channel(counter, first[1])
    assert open_channel(counter, second[1])
