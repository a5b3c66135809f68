# SPDX-License-Identifier: Apache-2.0
"""A script: the commands of one round trip, each with the answers it accepts."""

from collections.abc import Sequence
from dataclasses import dataclass

from cardservice.card_edge.apdu import CommandApdu, ResponseApdu

SUCCESS_ONLY = frozenset({0x9000})


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a script.

    The driver goes on to the next step only if the status word is one of ``accept`` and, where ``exact`` is given, the data is exactly
    that: so a predicted secure channel never sends EXTERNAL AUTHENTICATE to a card that did not answer as its keys demand.
    """

    name: str
    command: CommandApdu
    accept: frozenset[int] = SUCCESS_ONLY
    exact: bytes | None = None

    def accepts(self, response: ResponseApdu) -> bool:
        """Whether the driver may go on after this response."""
        return response.sw in self.accept and self.exact in {None, response.data}


@dataclass(frozen=True, slots=True)
class Script:
    """The steps of one yield, with a title that a person at the counter would understand."""

    title: str
    steps: tuple[Step, ...]

    @property
    def apdus(self) -> int:
        """Commands in this script, GET RESPONSE not counted."""
        return len(self.steps)

    @property
    def bytes_sent(self) -> int:
        """Bytes of all commands as encoded, GET RESPONSE not counted."""
        return sum(len(step.command.encode()) for step in self.steps)


def stopped_at(script: Script, responses: Sequence[ResponseApdu]) -> Step | None:
    """The step at which a driver stopped because its response was not accepted, None when all went through."""
    for step, response in zip(script.steps, responses, strict=False):
        if not step.accepts(response):
            return step
    return script.steps[len(responses)] if len(responses) < len(script.steps) else None
