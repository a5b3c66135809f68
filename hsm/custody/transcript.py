# SPDX-License-Identifier: Apache-2.0
"""The transcript of a ceremony: what was done, when, by whom and with which result; Indonesian first, English under it. Never a secret."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

TITLE = ("BERITA ACARA UPACARA KUNCI", "TRANSCRIPT OF A KEY CEREMONY")
HANDOVER_TITLE = ("BERITA ACARA SERAH TERIMA KUNCI", "TRANSCRIPT OF A HANDOVER OF KEYS")
CEREMONY, HANDOVER = ("Upacara", "Ceremony"), ("Serah terima", "Handover")
DECLARATION = (
    "Kami menyaksikan langkah-langkah di atas dan tidak melihat penyimpangan dari rencana.",
    "We witnessed the steps above, and saw nothing that departs from the plan.",
)
LEADER = ("Pemimpin upacara", "Leader of the ceremony")
CUSTODIAN = ("Pemegang pecahan", "Custodian")
PRESENT_CUSTODIAN = ("Pemegang pecahan sebelumnya yang hadir", "Earlier custodian, present")
WITNESS = ("Saksi", "Witness")
SIGNATURE = ("Tanda tangan dan tanggal", "Signature and date")

Words = tuple[str, str]  # Indonesian, English


@dataclass
class TranscriptStep:
    """One numbered step and what came of it."""

    number: int
    words: Words
    began: datetime
    ended: datetime | None = None
    facts: list[str] = field(default_factory=list)

    def note(self, *facts: str) -> None:
        """Results, each a line: names, fingerprints, check values, hashes."""
        self.facts += facts


@dataclass
class Transcript:
    """All of it. ``about`` are the lines under the title; ``signers`` are those who sign at the end, each with a role."""

    about: Sequence[tuple[Words, str]]
    signers: Sequence[tuple[Words, str]]
    steps: list[TranscriptStep] = field(default_factory=list)
    title: Words = TITLE

    @property
    def named(self) -> tuple[Words, str]:
        """What tells this transcript from any other: the name of the ceremony or handover, among what it is about."""
        return next(pair for pair in self.about if pair[0] in {CEREMONY, HANDOVER})

    def text(self) -> str:
        """As a file that people and programs compare."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield f"{self.title[0]} / {self.title[1]}"
        yield "=" * 78
        for words, value in self.about:
            yield f"{words[0]} / {words[1]}: {value}"
        for step in self.steps:
            yield ""
            yield f"{step.number}. {step.words[0]}"
            yield f"   {step.words[1]}"
            yield f"   {moment(step.began)} - {moment(step.ended) if step.ended else '?'}"
            yield from (f"   | {fact}" for fact in step.facts)
        yield ""
        yield "-" * 78
        yield from DECLARATION
        for role, name in self.signers:
            yield ""
            yield f"{role[0]} / {role[1]}: {name}"
            yield f"{SIGNATURE[0]} / {SIGNATURE[1]}: ______________________________"


def moment(at: datetime) -> str:
    """A time to the second, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
