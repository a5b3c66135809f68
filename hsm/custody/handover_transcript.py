# SPDX-License-Identifier: Apache-2.0
"""The head of a handover's transcript, and who signs it: leader, the custodians who opened the backup key, the new ones, witnesses."""

from collections.abc import Sequence
from datetime import datetime

from hsm.custody.handover_plan import HandoverPlan
from hsm.custody.transcript import (
    CUSTODIAN,
    HANDOVER,
    HANDOVER_TITLE,
    LEADER,
    PRESENT_CUSTODIAN,
    WITNESS,
    Transcript,
    Words,
    moment,
)


def handover_transcript(plan: HandoverPlan, name: str, present: Sequence[str], began: datetime) -> Transcript:
    """Without its steps."""
    threshold = f"{plan.threshold} / {len(plan.custodians)}" if plan.shares_anew else "tidak berubah / unchanged"
    about: list[tuple[Words, str]] = [
        (("Skema", "Scheme"), plan.scheme),
        (("Lingkungan", "Environment"), str(plan.environment)),
        (("Tempat kunci", "Back end"), plan.store),
        (("Rencana", "Plan"), f"SHA-256 {plan.digest}"),
        (HANDOVER, name),
        (("Alasan", "Reason"), plan.reason),
        (("Mulai", "Began"), moment(began)),
        (("Ambang", "Threshold"), threshold),
    ]
    signers = [
        (LEADER, "_" * 30),
        *((PRESENT_CUSTODIAN, custodian) for custodian in present),
        *((CUSTODIAN, custodian) for custodian in plan.custodians),
        *((WITNESS, witness) for witness in plan.witnesses),
    ]
    return Transcript(about, signers, title=HANDOVER_TITLE)
