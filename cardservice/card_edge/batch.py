# SPDX-License-Identifier: Apache-2.0
"""A batch: commands collected for one round trip, each with a place where its answer will lie.

SCP03 MACs and encryption counters depend only on what was sent, so a protected command is prepared long before the answer to the one before
it arrives. A batch keeps the two apart: ``add`` returns a ``Pending`` at once, ``flush`` makes the round trip and fills them in order.
"""

from collections.abc import Sequence

from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.errors import UnexpectedResponse, UnexpectedStatusWord
from cardservice.card_edge.scp03.secure_channel import ProtectedCommand, SecureChannel
from cardservice.card_edge.script import SUCCESS_ONLY, Script, Step
from cardservice.card_edge.status_word import meaning


class Pending:
    """The answer to one command of a batch, there after the flush."""

    def __init__(self, protected: ProtectedCommand | None) -> None:
        self._protected = protected
        self._response: ResponseApdu | None = None

    @property
    def response(self) -> ResponseApdu:
        """The answer, secure messaging removed and checked."""
        if self._response is None:
            raise UnexpectedResponse(rule="asked for an answer before the round trip")
        return self._response

    @property
    def data(self) -> bytes:
        """The data field of the answer."""
        return self.response.data

    @property
    def sw(self) -> int:
        """The status word of the answer."""
        return self.response.sw

    def fill(self, raw: ResponseApdu) -> None:
        """Open the raw answer. A wrong R-MAC raises SecureMessagingBroken and ends the channel."""
        self._response = self._protected.open(raw) if self._protected else raw


class Batch:
    """Commands on their way into the next script."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._pending: list[Pending] = []

    def __len__(self) -> int:
        return len(self._steps)

    def add(
        self,
        name: str,
        command: CommandApdu,
        *,
        channel: SecureChannel | None = None,
        accept: frozenset[int] = SUCCESS_ONLY,
        exact: bytes | None = None,
    ) -> Pending:
        """Append one command, protected by the channel if one is given. ``exact`` is compared with the bytes on the line."""
        protected = channel.protect(command) if channel else None
        pending = Pending(protected)
        self._steps.append(Step(name, protected.command if protected else command, accept, exact))
        self._pending.append(pending)
        return pending

    def flush(self, title: str) -> Dialogue[None]:
        """Send everything collected as one script; nothing is sent where nothing was collected.

        Raises UnexpectedStatusWord or UnexpectedResponse, naming the step, where the driver had to stop.
        """
        if not self._steps:
            return
        script = Script(title, tuple(self._steps))
        waiting = self._pending
        self._steps, self._pending = [], []
        responses = yield script
        _distribute(script, waiting, responses)


def _distribute(script: Script, waiting: Sequence[Pending], responses: Sequence[ResponseApdu]) -> None:
    for step, pending, raw in zip(script.steps, waiting, responses, strict=False):
        if raw.sw not in step.accept:
            raise UnexpectedStatusWord(script=script.title, step=step.name, sw=f"{raw.sw:04X}", meaning=meaning(raw.sw))
        if not step.accepts(raw):
            raise UnexpectedResponse(script=script.title, step=step.name, rule="not the predicted answer")
        pending.fill(raw)
    if len(responses) > len(script.steps):
        raise UnexpectedResponse(script=script.title, step=script.steps[-1].name, rule="more answers than commands")
    if len(responses) < len(script.steps):
        raise UnexpectedResponse(script=script.title, step=script.steps[len(responses)].name, rule="no answer")
