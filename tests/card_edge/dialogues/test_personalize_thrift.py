# SPDX-License-Identifier: Apache-2.0
"""What personalization does not send twice, does not ask the keys twice, and how it copes where a card knows no tag lists."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.errors import CardTorn, Refused
from applets.virtual.piv import objects, tag_list
from applets.virtual.tear import Tear, TearMode
from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.dialogue import Card
from cardservice.card_edge.errors import UnexpectedResponse, UnexpectedStatusWord
from cardservice.card_edge.piv.object import RETIRED_CERTIFICATES
from cardservice.keys import CardKeys, KeySet, SessionKeys, SessionRequest, WrappedKey
from tests.card_edge.dialogues.bureau import Bureau

Blank = Callable[..., VirtualCard]
LIST_REFUSALS = [0x6A80, 0x6A82, 0x6A88]


def names(bureau: Bureau) -> list[str]:
    return [step.name for script in bureau.scripts for step in script.steps]


def refusing_lists(monkeypatch: pytest.MonkeyPatch, sw: int) -> None:
    """From now on the software card takes one tag only."""

    def one_only(value: bytes) -> list[int]:
        tags = tag_list.tags_of(value)
        if len(tags) > 1:
            raise Refused(sw)
        return tags

    monkeypatch.setattr(objects, "tags_of", one_only)


def test_piv_is_selected_once_and_the_pin_is_presented_once(bureau: Bureau, blank: Blank) -> None:
    bureau.personalize(blank())
    steps = names(bureau)
    assert steps.count("SELECT PIV") == steps.count("PIV: EXTERNAL AUTHENTICATE") == steps.count("VERIFY PIN") == 1
    assert steps.index("sign with 9C") == steps.index("VERIFY PIN") + 1
    assert [step for step in steps if step.startswith("read back")] == ["read back all objects"]
    # The domain's channel is the only one of the second trip, and the third begins in it.
    assert [step.name for step in bureau.scripts[1].steps if step.name.startswith("SELECT")] == []
    assert [step.name for step in bureau.scripts[1].steps][-1] == "GENERATE 9D 9E"
    assert bureau.scripts[2].steps[0].name == "STORE DATA PIV 02"


def test_the_issuer_security_domain_is_selected_by_default(bureau: Bureau, blank: Blank) -> None:
    bureau.personalize(blank())
    selects = [step.command for script in bureau.scripts for step in script.steps if step.name == "SELECT ISD"]
    assert selects == [CommandApdu(0x00, 0xA4, 0x04, 0x00, b"", 256)] * 2


class CountedKeys:
    """The keys, and how often they were asked for sessions."""

    def __init__(self, keys: CardKeys) -> None:
        self._keys = keys
        self.asked: list[int] = []
        self.wrapped: list[int] = []

    def session_keys(self, requests: Sequence[SessionRequest]) -> list[SessionKeys]:
        self.asked.append(len(requests))
        return self._keys.session_keys(requests)

    def wrapped_key_set(self, new: KeySet, under: KeySet) -> tuple[WrappedKey, WrappedKey, WrappedKey]:
        return self._keys.wrapped_key_set(new, under)

    def wrapped_key_set_each(
        self, pairs: Sequence[tuple[KeySet, KeySet]]
    ) -> list[tuple[WrappedKey, WrappedKey, WrappedKey]]:
        self.wrapped.append(len(pairs))
        return self._keys.wrapped_key_set_each(pairs)

    def current_versions(self, sectors: Sequence[int]) -> dict[int, int]:
        return self._keys.current_versions(sectors)


def test_the_sessions_of_a_round_trip_are_asked_for_at_once(bureau: Bureau, blank: Blank) -> None:
    bureau.keys = counted = CountedKeys(bureau.keys)
    bureau.personalize(blank())
    # The transport keys' channel with the ISD; then PIV, three sectors and the ISD.
    assert counted.asked == [2, 5]
    # The ISD's and three sectors' key sets.
    assert counted.wrapped == [4]


@pytest.mark.parametrize("sw", LIST_REFUSALS)
def test_a_card_without_tag_lists_is_read_one_by_one(
    bureau: Bureau, blank: Blank, monkeypatch: pytest.MonkeyPatch, sw: int
) -> None:
    listed = bureau.personalize(blank())
    bureau.scripts.clear()
    refusing_lists(monkeypatch, sw)
    done = bureau.personalize(blank(seed=2))
    assert [script.title for script in bureau.scripts][3:] == ["read back one by one"]
    assert len([name for name in names(bureau) if name.startswith("read back")]) == 1 + 8
    assert len(done.objects_sha256) == len(listed.objects_sha256)


def test_one_by_one_and_by_list_the_same_is_read(bureau: Bureau, blank: Blank, monkeypatch: pytest.MonkeyPatch) -> None:
    card = blank()
    first = bureau.personalize(card)
    refusing_lists(monkeypatch, 0x6A80)
    again = bureau.personalize(card, (first.public_keys, first.credentials))
    assert again.objects_sha256 == first.objects_sha256


@pytest.mark.parametrize("mode", [TearMode.BEFORE, TearMode.AFTER])
def test_torn_while_read_one_by_one_it_is_finished(
    bureau: Bureau, blank: Blank, monkeypatch: pytest.MonkeyPatch, mode: TearMode
) -> None:
    refusing_lists(monkeypatch, 0x6A82)
    bureau.personalize(blank())
    before = sum(script.apdus for script in bureau.scripts[:3])
    for at in range(before + 1, before + bureau.scripts[3].apdus + 1):
        card = blank(seed=at)
        card.image.arm(Tear(mode, at))
        with pytest.raises(CardTorn):
            bureau.personalize(card)
        card.reset()
        done = bureau.personalize(card, bureau.certified[-1])
        assert done.public_keys == bureau.certified[-1][0]


def test_too_many_objects_for_one_list_are_read_one_by_one_in_the_same_trip(bureau: Bureau, blank: Blank) -> None:
    retired = {row.tag: b"\x71\x01\x00" for row in RETIRED_CERTIFICATES[:10]}
    bureau.plan = replace(bureau.plan, piv_objects={**bureau.plan.piv_objects, **retired})
    bureau.personalize(blank())
    assert len(bureau.scripts) == 3
    assert len([name for name in names(bureau) if name.startswith("read back")]) == 8 + 10


def test_an_object_that_reads_back_otherwise_is_found_out(
    bureau: Bureau, blank: Blank, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The fault: a card that answers two objects in each other's place.
    def turned_round(value: bytes) -> list[int]:
        first, second, *others = tag_list.tags_of(value)
        return [second, first, *others]

    monkeypatch.setattr(objects, "tags_of", turned_round)
    with pytest.raises(UnexpectedResponse):
        bureau.personalize(blank())


class Forgetful:
    """A reader that resets the card between the second and the third round trip."""

    def __init__(self, card: VirtualCard, at: int) -> None:
        self.card, self.left = card, at

    def transmit(self, command: bytes) -> bytes:
        if self.left == 0:
            self.card.reset()
        self.left -= 1
        return self.card.transmit(command)


def test_a_card_reset_between_the_trips_is_refused_and_then_finished(bureau: Bureau, blank: Blank) -> None:
    bureau.personalize(blank())
    before = sum(script.apdus for script in bureau.scripts[:2])
    card = blank(seed=2)
    forgetful: Card = Forgetful(card, before)
    with pytest.raises(UnexpectedStatusWord):
        bureau.personalize(forgetful)
    card.reset()
    done = bureau.personalize(card, bureau.certified[-1])
    assert done.public_keys == bureau.certified[-1][0]
