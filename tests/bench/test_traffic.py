# SPDX-License-Identifier: Apache-2.0
"""The counts are what a metered card sees, and their parts add up."""

from functools import cache

import pytest

from applets.virtual.card import VirtualCard
from bench.card import transcripts
from bench.card_work import apdus_of
from bench.conversation import Conversation, Line, converse
from bench.issuer import SECTORS, Issuer, blank_card, stored_content
from bench.traffic import Traffic, written
from cardservice.card_edge.dialogues.personalization_plan import Personalized
from cardservice.card_edge.dialogues.prove_presence import Presence
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.credentials import cover_proof
from cardservice.keys import Purpose

GET_RESPONSE, EXTERNAL_AUTHENTICATE = 0xC0, 0x82


class Metered:
    """A card that counts by itself."""

    def __init__(self, card: VirtualCard) -> None:
        self.card = card
        self.seen: list[Line] = []

    def transmit(self, command: bytes) -> bytes:
        response = self.card.transmit(command)
        self.seen.append(Line(command, response))
        return response


@cache
def conversations() -> tuple[Issuer, Conversation[Personalized], Conversation[Presence]]:
    return transcripts()


def test_the_counts_are_what_the_card_saw() -> None:
    card = Metered(blank_card())
    conversation = converse(Issuer().dialogue(), card)
    traffic = Traffic.of(conversation)
    assert conversation.lines == card.seen
    assert traffic.apdus_on_line == len(card.seen)
    assert traffic.sent_on_line == sum(len(line.command) for line in card.seen)
    assert traffic.received_on_line == sum(len(line.response) for line in card.seen)
    asked = [line for line in card.seen if line.command[1] != GET_RESPONSE]
    assert traffic.apdus == len(asked)
    assert traffic.sent == sum(len(line.command) for line in asked)


def test_the_parts_of_what_is_sent_add_up() -> None:
    _, personalized, _ = conversations()
    traffic = Traffic.of(personalized)
    assert traffic.payload + traffic.set_up + traffic.headers + traffic.macs + traffic.padding == traffic.sent
    assert min(traffic.payload, traffic.set_up, traffic.headers, traffic.macs, traffic.padding) > 0


def test_padding_is_1_to_16_bytes_of_each_encrypted_command_with_data_and_none_of_others() -> None:
    _, personalized, _ = conversations()
    levels = []
    for step in personalized.steps:
        if step.plain.ins == EXTERNAL_AUTHENTICATE:
            levels.append(step.plain.p1)
        elif step.protected:
            padding = len(step.step.command.data) - 8 - len(step.plain.data)
            assert (1 <= padding <= 16) if step.plain.data and levels[-1] & 0x02 else padding == 0
    assert set(levels) == {0x11, 0x33}


def test_naming_whom_the_next_commands_are_for_is_no_payload() -> None:
    _, personalized, _ = conversations()
    named = [step for step in personalized.steps if (step.plain.ins, step.plain.p1) == (0xE6, 0x20)]
    assert len(named) == len(SECTORS) + 1
    assert all(step.sets_up for step in named)


def test_a_blank_card_takes_three_round_trips_and_a_tap_two_commands() -> None:
    issuer, personalized, tap = conversations()
    assert Traffic.of(personalized).yields == 3
    assert len(personalized.result.credentials.certificates) == 4
    assert len(personalized.result.credentials.cover_proofs) == len(SECTORS) == 3
    assert Traffic.of(tap).apdus_on_line == 2
    published = issuer.keys.verifying_keys(Purpose.COVER_PROOF)
    cover_proof.verify(tap.result.cover_proof, keys=published, issuer=cover_proof.ISSUER, now=issuer.at)


def test_stored_content_is_part_of_the_payload() -> None:
    issuer, personalized, _ = conversations()
    stored = written(personalized, stored_content(issuer.plan, personalized.result.credentials))
    assert 0 < stored < Traffic.of(personalized).payload
    certificates = sum(map(len, personalized.result.credentials.certificates.values()))
    assert stored > certificates


def test_the_model_is_given_every_byte_of_the_line() -> None:
    _, personalized, tap = conversations()
    for conversation in (personalized, tap):
        apdus = [apdu for step in conversation.steps for apdu in apdus_of(step)]
        traffic = Traffic.of(conversation)
        assert sum(apdu.sent for apdu in apdus) == traffic.sent_on_line
        assert sum(apdu.received for apdu in apdus) == traffic.received_on_line


def test_the_model_is_given_the_work_of_the_dialogue() -> None:
    _, personalized, tap = conversations()
    works = [apdu.work for step in personalized.steps for apdu in apdus_of(step)]
    assert sum(work.key_pairs for work in works) == 4 + len(SECTORS)
    assert sum(work.signatures for work in works) == 3 + len(SECTORS)
    assert sum(work.agreements for work in works) == 1
    protected = sum(step.protected for step in personalized.steps)
    assert sum(work.aes_ready for work in works) == protected
    (tapped,) = [apdu.work for step in tap.steps for apdu in apdus_of(step) if apdu.work.signatures]
    assert tapped.hash_blocks == 1


def test_the_window_into_the_channel_is_closed_again() -> None:
    before = SecureChannel.protect
    conversations()
    assert SecureChannel.protect is before


def test_sabotage_a_command_that_goes_past_the_count_is_noticed() -> None:
    # The control: a line dropped from the record no longer equals what the card saw.
    card = Metered(blank_card())
    conversation = converse(Issuer().dialogue(), card)
    forgetful = Conversation(conversation.result, conversation.scripts, conversation.steps[:-1])
    assert forgetful.lines != card.seen
    with pytest.raises(AssertionError):
        assert Traffic.of(forgetful).apdus_on_line == len(card.seen)
