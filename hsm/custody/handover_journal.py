# SPDX-License-Identifier: Apache-2.0
"""What the custody journal knows of handovers: enough to finish one that was interrupted, with the transcript of what was done before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hsm.custody.journal import CustodyJournal
from hsm.custody.transcript import TranscriptStep

BEGUN, TAKING_OVER, COMPLETE = "handover-begun", "handover-taking-over", "handover-complete"


def unfinished_handover(journal: CustodyJournal, kcv: bytes | None) -> Mapping[str, Any] | None:
    """The handover that began to take effect and did not end. One whose new backup key never came into the back end began nothing."""
    entries = journal.of(TAKING_OVER)
    if not entries:
        return None
    facts = entries[-1].facts
    ended = {entry.facts["handover"] for entry in journal.of(COMPLETE)}
    began = not facts["kcv"] or facts["kcv"] == (kcv or b"").hex()
    return facts if began and facts["handover"] not in ended else None


def officers_since(journal: CustodyJournal, moment: datetime) -> Mapping[str, bytes] | None:
    """The records of officers as the last handover after that moment left them; None where there was none that told them."""
    ended = {entry.facts["handover"] for entry in journal.of(COMPLETE)}
    later = [entry for entry in journal.of(TAKING_OVER) if entry.at >= moment and entry.facts["handover"] in ended]
    if not later or "officers" not in later[-1].facts:
        return None
    return {name: bytes.fromhex(point) for name, point in later[-1].facts["officers"].items()}


def was_replaced_by_halves(journal: CustodyJournal, share_set: str) -> bool:
    """Whether the last handover was cut short while it replaced the backup key, and this set is the one from before.

    A token forgets the earlier backup key before it takes the new one, and several places take it one after the other: in between there is
    none that all have. The set that was in use then is the only one that opens the backups still.
    """
    entries = journal.of(TAKING_OVER)
    if not entries or not entries[-1].facts["kcv"] or entries[-1].facts["earlier_set"] != share_set:
        return False
    return entries[-1].facts["handover"] not in {entry.facts["handover"] for entry in journal.of(COMPLETE)}


def step_record(step: TranscriptStep) -> dict[str, object]:
    """A step of the transcript as the journal keeps it."""
    return {
        "number": step.number,
        "words": list(step.words),
        "began": step.began,
        "ended": step.ended,
        "facts": list(step.facts),
    }


def step_of(record: Mapping[str, Any]) -> TranscriptStep:
    """The inverse of ``step_record``."""
    indonesian, english = record["words"]
    return TranscriptStep(
        record["number"],
        (indonesian, english),
        datetime.fromisoformat(record["began"]),
        datetime.fromisoformat(record["ended"]),
        list(record["facts"]),
    )
