# SPDX-License-Identifier: Apache-2.0
"""A dialogue with a card, written down: every yield, every command before and after secure messaging, every byte on the line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.dialogue import Card, Dialogue, exchange
from cardservice.card_edge.scp03.secure_channel import ProtectedCommand, SecureChannel
from cardservice.card_edge.script import Script, Step

SET_UP = frozenset({0xA4, 0x50, 0x82})  # SELECT, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE
INSTALL, FOR_PERSONALIZATION = 0xE6, 0x20  # which says no more than SELECT says: whom the next commands are for

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Line:
    """One exchange on the line."""

    command: bytes
    response: bytes


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One step of a script: its command before protection, and the lines it took, GET RESPONSE included."""

    step: Step
    plain: CommandApdu
    lines: tuple[Line, ...]
    answer_length: int  # bytes of data, status left out, over all parts

    @property
    def protected(self) -> bool:
        """Whether secure messaging was put around it."""
        return self.plain is not self.step.command

    @property
    def sets_up(self) -> bool:
        """Whether it belongs to opening a session rather than to what is done in it."""
        return self.plain.ins in SET_UP or (self.plain.ins, self.plain.p1) == (INSTALL, FOR_PERSONALIZATION)


@dataclass(slots=True)
class Conversation(Generic[_Result]):
    """All of a dialogue and its result."""

    result: _Result
    scripts: list[Script]
    steps: list[Exchanged]

    @property
    def lines(self) -> list[Line]:
        """Everything on the line, in order."""
        return [line for step in self.steps for line in step.lines]


@dataclass(slots=True)
class _Metered:
    card: Card
    lines: list[Line] = field(default_factory=list)

    def transmit(self, command: bytes) -> bytes:
        response = self.card.transmit(command)
        self.lines.append(Line(command, response))
        return response


def converse(dialogue: Dialogue[_Result], card: Card) -> Conversation[_Result]:
    """Run a dialogue to its end and write it down. What is sent is what ``dialogue.run`` would send."""
    scripts: list[Script] = []
    steps: list[Exchanged] = []
    with _plain_commands() as plain:
        try:
            script = next(dialogue)
            while True:
                scripts.append(script)
                responses = []
                for step in script.steps:
                    metered = _Metered(card)
                    response = exchange(step.command, metered)
                    responses.append(response)
                    before = plain.get(step.command.encode(), step.command)
                    steps.append(Exchanged(step, before, tuple(metered.lines), len(response.data)))
                    if not step.accepts(response):
                        break
                script = dialogue.send(responses)
        except StopIteration as end:
            return Conversation(end.value, scripts, steps)


@contextmanager
def _plain_commands() -> Iterator[dict[bytes, CommandApdu]]:
    """While it lasts, every command that any secure channel protects is noted under its protected bytes, which never repeat: they are MACed."""
    seen: dict[bytes, CommandApdu] = {}
    protect = SecureChannel.protect

    def noting(channel: SecureChannel, command: CommandApdu) -> ProtectedCommand:
        protected = protect(channel, command)
        seen[protected.command.encode()] = command
        return protected

    # A window into the channel, which it need not offer to anybody else.
    setattr(SecureChannel, "protect", noting)  # noqa: B010 - an assignment would need mypy to look away
    try:
        yield seen
    finally:
        setattr(SecureChannel, "protect", protect)  # noqa: B010 - as above
