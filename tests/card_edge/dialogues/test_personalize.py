# SPDX-License-Identifier: Apache-2.0
"""A blank card becomes a written, proven, secured one in three round trips, and a torn one is finished whatever the place."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.errors import CardTorn
from applets.virtual.tear import Tear, TearMode
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.personalization_plan import CardPublicKeys, ChipFacts, Credentials
from cardservice.card_edge.dialogues.prove_presence import prove_presence
from cardservice.card_edge.errors import (
    CardEdgeError,
    CardNotAuthentic,
    CardUnusable,
    SecureMessagingBroken,
    UnexpectedResponse,
)
from cardservice.card_edge.globalplatform.get_data import KEY_INFORMATION, get_data
from cardservice.card_edge.globalplatform.key_information import key_versions, parse_key_information
from cardservice.card_edge.globalplatform.select import select
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.scp03.parameters import SecurityLevel
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.tap import verify_tap
from cardservice.keys import CardKeys, KeySet, KeyVersions, SessionKeys, SessionRequest, WrappedKey
from tests.card_edge.dialogues.bureau import Bureau

Blank = Callable[..., VirtualCard]


class Metered:
    """A card that counts what goes over the line, GET RESPONSE included."""

    def __init__(self, card: VirtualCard) -> None:
        self.card = card
        self.commands: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        return self.card.transmit(command)


def key_versions_on(card: VirtualCard) -> frozenset[int]:
    card.reset()
    card.transmit(select().encode())
    return key_versions(parse_key_information(card.transmit(get_data(KEY_INFORMATION).encode())[:-2]))


def assert_taps(bureau: Bureau, card: VirtualCard, public_keys: CardPublicKeys, credentials: Credentials) -> None:
    card.reset()
    for sector in bureau.plan.sectors:
        presence = run(prove_presence(sector, b"abcd", bytes(32)), card)
        assert presence.cover_proof == credentials.cover_proofs[sector]
        proven = verify_tap(public_keys.sectors[sector], sector_aid(sector), b"abcd", bytes(32), presence.signature)
        assert proven.challenge_id == b"abcd"


def test_a_blank_card_takes_three_round_trips(bureau: Bureau, blank: Blank) -> None:
    card = Metered(blank())
    done = bureau.personalize(card)
    assert len(bureau.scripts) == 3
    assert [script.title for script in bureau.scripts] == [
        "look at the chip",
        "keys and applications",
        "write, read back, prove, secure",
    ]
    # Each yield says what it sends, and sends just that; what comes on top is GET RESPONSE.
    sent = [command for command in card.commands if command[1] != 0xC0]
    assert sum(script.apdus for script in bureau.scripts) == len(sent)
    assert sum(script.bytes_sent for script in bureau.scripts) == sum(map(len, sent))
    assert done.chip.blank
    assert bureau.bound == [done.chip]
    assert_taps(bureau, card.card, done.public_keys, done.credentials)


def test_the_transport_keys_are_gone_and_the_card_is_secured(bureau: Bureau, blank: Blank) -> None:
    card = blank()
    bureau.personalize(card)
    assert key_versions_on(card) == {0x30}
    again = bureau.personalize(card, bureau.certified[-1])
    assert not again.chip.blank


def test_presence_is_one_round_trip_of_two_commands(bureau: Bureau, blank: Blank) -> None:
    card = Metered(blank())
    bureau.personalize(card)
    card.card.reset()
    card.commands.clear()
    scripts: list[object] = []
    run(prove_presence(0x01, b"abcd", bytes(32)), card, on_script=scripts.append)
    assert len(scripts) == 1
    assert len(card.commands) == 2


def test_a_card_with_random_challenges_takes_one_more_round_trip_per_channel(bureau: Bureau, blank: Blank) -> None:
    card = blank(i=0x60)
    done = bureau.personalize(card)
    channels = 1 + 1 + 3 + 1  # ISD; then, its channel still open, PIV, three sectors, ISD again
    assert len(bureau.scripts) == 3 + channels
    assert_taps(bureau, card, done.public_keys, done.credentials)


def apdus_of_a_clean_run(bureau: Bureau, blank: Blank) -> int:
    card = Metered(blank())
    bureau.personalize(card)
    return len(card.commands)


@pytest.mark.parametrize("mode", [TearMode.BEFORE, TearMode.AFTER])
def test_torn_at_every_apdu_it_is_finished(bureau: Bureau, blank: Blank, mode: TearMode) -> None:
    finished = 0
    for at in range(1, apdus_of_a_clean_run(bureau, blank) + 1):
        bureau.certified.clear()
        card = blank(seed=at)
        card.image.arm(Tear(mode, at))
        with pytest.raises(CardTorn):
            bureau.personalize(card)
        card.reset()
        assert key_versions_on(card) <= {0xFF, 0x30}
        card.reset()
        known = bureau.certified[-1] if bureau.certified else None
        done = bureau.personalize(card, known)
        assert_taps(bureau, card, done.public_keys, done.credentials)
        assert key_versions_on(card) == {0x30}
        finished += 1
    assert finished == apdus_of_a_clean_run(bureau, blank)


def test_it_writes_nothing_where_binding_is_refused(bureau: Bureau, blank: Blank) -> None:
    class NotThisCard(CardEdgeError):
        code = "not-this-card"

    def refuse(_: ChipFacts) -> KeyVersions:
        raise NotThisCard

    bureau.bind = refuse
    card = blank()
    with pytest.raises(NotThisCard):
        bureau.personalize(card)
    assert key_versions_on(card) == {0xFF}


def test_a_certificate_for_another_key_is_never_written(bureau: Bureau, blank: Blank) -> None:
    honest = bureau.answer

    def swapped(chip: ChipFacts, keys: CardPublicKeys) -> Credentials:
        given = honest(chip, keys)
        mixed = dict(given.certificates)
        mixed[KeyReference.AUTHENTICATION] = given.certificates[KeyReference.CARD_AUTHENTICATION]
        return replace(given, certificates=mixed)

    bureau.answer = swapped  # the fault that this test plants
    with pytest.raises(CardUnusable):
        bureau.personalize(blank())


def test_credentials_of_other_keys_are_found_out_by_the_live_signature(bureau: Bureau, blank: Blank) -> None:
    first, second = blank(seed=1), blank(seed=2)
    bureau.personalize(first)
    bureau.personalize(second)
    with pytest.raises(UnexpectedResponse, match="signature under the key"):
        bureau.personalize(second, bureau.certified[0])


class OtherMaster:
    """Keys that are right for every card but this one: what a card with unknown keys looks like."""

    def __init__(self, keys: CardKeys) -> None:
        self._keys = keys

    def session_keys(self, requests: Sequence[SessionRequest]) -> list[SessionKeys]:
        return self._keys.session_keys(
            [replace(request, key_set=replace(request.key_set, kdd=bytes(10))) for request in requests]
        )

    def wrapped_key_set(self, new: KeySet, under: KeySet) -> tuple[WrappedKey, WrappedKey, WrappedKey]:
        return self._keys.wrapped_key_set(new, under)

    def wrapped_key_set_each(
        self, pairs: Sequence[tuple[KeySet, KeySet]]
    ) -> list[tuple[WrappedKey, WrappedKey, WrappedKey]]:
        return self._keys.wrapped_key_set_each(pairs)

    def current_versions(self, sectors: Sequence[int]) -> dict[int, int]:
        return self._keys.current_versions(sectors)


def test_a_card_that_does_not_hold_the_transport_keys_gets_nothing(bureau: Bureau, blank: Blank) -> None:
    card = Metered(blank())
    bureau.keys = OtherMaster(bureau.keys)
    with pytest.raises(CardNotAuthentic):
        bureau.personalize(card)
    assert len(card.commands) == bureau.scripts[0].apdus


class Liar:
    """A reader that flips one bit of the n-th answer that carries data beyond the first round trip."""

    def __init__(self, card: VirtualCard, at: int) -> None:
        self.card, self.left = card, at

    def transmit(self, command: bytes) -> bytes:
        answer = self.card.transmit(command)
        if command[0] & 0x04 and len(answer) > 2:
            self.left -= 1
            if self.left == 0:
                return bytes([answer[0] ^ 1]) + answer[1:]
        return answer


@pytest.mark.parametrize("at", [1, 4, 8, 12, 20, 30])
def test_a_reader_that_changes_an_answer_is_found_out(bureau: Bureau, blank: Blank, at: int) -> None:
    with pytest.raises(SecureMessagingBroken):
        bureau.personalize(Liar(blank(), at))
    assert len(bureau.scripts) >= 2


def test_sabotage_a_channel_that_checks_no_response_mac_lets_the_lie_through(
    bureau: Bureau, blank: Blank, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: at level 03 answers carry no MAC, and the flipped bit is no longer seen as broken messaging.
    monkeypatch.setattr("cardservice.card_edge.dialogues.build.PUBLIC", SecurityLevel.C_MAC_C_ENC)
    with pytest.raises(CardEdgeError) as caught:
        bureau.personalize(Liar(blank(), 1))
    assert not isinstance(caught.value, SecureMessagingBroken)
