# SPDX-License-Identifier: Apache-2.0
"""The numbered steps of a ceremony: each in the journal before and after, told while it runs, and written into the transcript."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NoReturn

from hsm.custody.conversation import Conversation
from hsm.custody.journal import CustodyJournal
from hsm.custody.transcript import Transcript, TranscriptStep
from hsm.errors import CeremonyRefused, HsmError

STEP, STEP_DONE, STEP_FAILED = "ceremony-step", "ceremony-step-done", "ceremony-step-failed"


class Steps:
    """Counts. ``ceremony`` is the name that all journal entries of one ceremony share."""

    def __init__(
        self,
        journal: CustodyJournal,
        conversation: Conversation,
        clock: Callable[[], datetime],
        transcript: Transcript,
        *,
        ceremony: str,
        total: int,
    ) -> None:
        self._journal = journal
        self._conversation = conversation
        self._clock = clock
        self._transcript = transcript
        self._ceremony = ceremony
        self._total = total

    @contextmanager
    def step(self, indonesian: str, english: str) -> Iterator[TranscriptStep]:
        """One step. What is raised in it is noted with its code, and goes on."""
        step = TranscriptStep(len(self._transcript.steps) + 1, (indonesian, english), self._clock())
        facts = {"ceremony": self._ceremony, "number": step.number, "what": english}
        self._journal.append(STEP, step.began, **facts)
        self._conversation.step(step.number, self._total, indonesian, english)
        try:
            yield step
        except HsmError as error:
            self._journal.append(STEP_FAILED, self._clock(), **facts, code=error.code)
            raise
        step.ended = self._clock()
        self._transcript.steps.append(step)
        self._journal.append(STEP_DONE, step.ended, **facts)

    def refuse(self, rule: str) -> NoReturn:
        """A check of the present step failed. Raises CeremonyRefused."""
        raise CeremonyRefused(step=len(self._transcript.steps) + 1, rule=rule)
