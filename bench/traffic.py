# SPDX-License-Identifier: Apache-2.0
"""Where the bytes of a conversation go: payload, session set-up, headers, MACs, padding; and what of it stays on the card."""

from dataclasses import dataclass
from typing import Any

from bench.card_work import MAC_LENGTH, acted_on
from bench.conversation import Conversation, Exchanged
from cardservice.card_edge.sector.personalization import KEY_SET

PUT_KEY, INSTALL, CHANGE_REFERENCE_DATA = 0xD8, 0xE6, 0x24


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counts of one conversation. ``sent`` is what the scripts say; the line adds GET RESPONSE."""

    yields: int
    apdus: int
    sent: int
    apdus_on_line: int
    sent_on_line: int
    received_on_line: int
    payload: int  # data fields before secure messaging, of all commands but session set-up
    set_up: int  # SELECT, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, INSTALL [for personalization], whole
    headers: int  # CLA INS P1 P2 Lc Le of the others
    macs: int
    padding: int

    @classmethod
    def of(cls, conversation: Conversation[Any]) -> "Traffic":
        """Count. The parts of ``sent`` add up to it."""
        working = [step for step in conversation.steps if not step.sets_up]
        protected = [step for step in working if step.protected]
        return cls(
            yields=len(conversation.scripts),
            apdus=sum(script.apdus for script in conversation.scripts),
            sent=sum(script.bytes_sent for script in conversation.scripts),
            apdus_on_line=len(conversation.lines),
            sent_on_line=sum(len(line.command) for line in conversation.lines),
            received_on_line=sum(len(line.response) for line in conversation.lines),
            payload=sum(len(step.plain.data) for step in working),
            set_up=sum(_length(step) for step in conversation.steps if step.sets_up),
            headers=sum(_length(step) - len(step.step.command.data) for step in working),
            macs=MAC_LENGTH * len(protected),
            padding=sum(len(step.step.command.data) - MAC_LENGTH - len(step.plain.data) for step in protected),
        )


def written(conversation: Conversation[Any], objects: int) -> int:
    """Bytes that stay on the card: ``objects`` (contents and cover proofs), key blocks, install data, PIN and PUK."""
    kept = (PUT_KEY, INSTALL, CHANGE_REFERENCE_DATA)
    commands = [step.plain for step in conversation.steps if not step.sets_up]
    key_blocks = sum(len(element.value) for each in commands for element in acted_on(each) if element.tag == KEY_SET)
    return objects + key_blocks + sum(len(command.data) for command in commands if command.ins in kept)


def _length(step: Exchanged) -> int:
    return len(step.step.command.encode())
