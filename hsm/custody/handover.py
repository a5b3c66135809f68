# SPDX-License-Identifier: Apache-2.0
"""A handover: a quorum of the custodians present gives the backup key to a new set of people, and says who is an officer from now on.

Shared anew means a new backup key: every key is opened from its backup in memory and wrapped under the new one, so the earlier shares open
nothing that is made from then on (decision 0126). Up to the step that takes over nothing has changed, and an interrupted handover begins
again in another folder; so it does where the earlier backup key is gone and the new one is not yet everywhere. From there on it is finished when
asked again, without anybody's secret: the journal knows what was done.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cardservice.keys import Purpose
from hsm.algorithms.block_cipher import key_check_value
from hsm.custody.attestation import code_digest, code_version
from hsm.custody.backup_set import write_backup
from hsm.custody.ca_certificates import ca_certificates
from hsm.custody.ceremony import NAME_LENGTH, Room
from hsm.custody.ceremony_steps import Steps
from hsm.custody.empty_folder import PRIVATE, make_empty_folder
from hsm.custody.handover_journal import (
    BEGUN,
    COMPLETE,
    TAKING_OVER,
    step_of,
    step_record,
    unfinished_handover,
    was_replaced_by_halves,
)
from hsm.custody.handover_plan import HandoverPlan
from hsm.custody.handover_transcript import handover_transcript
from hsm.custody.key_record import fingerprint
from hsm.custody.quorum import SealedShare, every_quorum, every_smaller_group, seal_share, split_among, told_groups
from hsm.custody.rewrapping import opened_by, opens_any, put_in_place, wrap_anew
from hsm.custody.share_file import HeldShare, combined
from hsm.custody.transcript import Transcript, TranscriptStep
from hsm.custody.transcript_files import write_transcript
from hsm.custody.transcript_pdf import transcript_pdf
from hsm.custody.withdrawal import withdrawals
from hsm.errors import CeremonyRefused, OfficerRefused, PlanRefused, ShareRefused
from hsm.keys.key_backup import KeyBackup
from hsm.keys.key_custody import BACKUP_KEY_LENGTH
from hsm.limits.officers import PREFIX, Officers
from hsm.machine.wiping import wiped
from hsm.operations.key_ring import KeyRing

Stage = tuple[str, str, Callable[[TranscriptStep], None]]


@dataclass
class Made:
    """What the first steps made, for the ones that follow: only in memory until it takes over."""

    earlier: bytearray = field(repr=False)
    new: bytearray = field(repr=False)
    held: Sequence[KeyBackup] = ()
    shares: Sequence[SealedShare] = ()
    anew: Sequence[KeyBackup] = ()


class Handover:
    """One handover, from its plan to its transcript."""

    def __init__(self, plan: HandoverPlan, room: Room, present: Sequence[HeldShare]) -> None:
        self._plan = plan
        self._room = room
        self._custody = room.custody
        self._present = present
        self._made = Made(bytearray(), bytearray())
        self._name = room.randomness(NAME_LENGTH).hex()

    def hold(self) -> dict[str, object]:
        """Do it, or finish what an earlier run of the same plan began to put into effect. Raises what a ceremony and shares raise."""
        plan, room = self._plan, self._room
        if plan.environment is not room.environment:
            raise PlanRefused(path=str(room.out), rule=f"is for {plan.environment}, as KARTU_ENV says")
        KeyRing(self._custody.store).current(
            Purpose.AUDIT, room.clock()
        )  # who signs the transcript is asked before anything
        taking_over = unfinished_handover(room.journal, self._custody.backup_key_check_value)
        if taking_over is not None:
            return self._finish(taking_over)
        with wiped(combined(self._present)) as earlier, wiped(bytearray()) as new:
            self._made.earlier, self._made.new = earlier, new
            make_empty_folder(room.out)
            room.journal.append(BEGUN, room.clock(), handover=self._name, plan_sha256=plan.digest, reason=plan.reason)
            transcript = handover_transcript(plan, self._name, [held.custodian for held in self._present], room.clock())
            preparing, effect = self._preparing(), self._effect()
            steps = self._steps(transcript, len(preparing) + len(effect))
            _walk(steps, preparing)
            self._take_over(transcript)
            return self._put_into_effect(transcript, steps, effect)

    def _preparing(self) -> list[Stage]:
        stages: list[Stage] = [
            ("Rencana ditegaskan.", "The plan is confirmed.", self._confirm),
            (
                "Pemegang yang hadir membuka setiap cadangan.",
                "The custodians present open every backup.",
                self._open,
            ),
        ]
        if self._plan.shares_anew:
            stages += [
                ("Kunci cadangan baru dibuat dan dibagi.", "A new backup key is made and split.", self._split),
                (
                    "Semua kunci dibungkus dengan kunci cadangan baru.",
                    "Every key is wrapped under the new backup key.",
                    self._wrap,
                ),
                (
                    "Setiap kelompok baru yang cukup memulihkan semua kunci; yang kurang, dan pecahan lama, tidak satu pun.",
                    "Every new quorum restores every key; nothing less, and no earlier share, restores any.",
                    self._try_every_group,
                ),
            ]
        return stages

    def _effect(self) -> list[Stage]:
        stages: list[Stage] = []
        if self._plan.shares_anew:
            stages.append(
                ("Kunci cadangan baru mulai berlaku.", "The new backup key takes over.", self._replace_backup_key)
            )
        if self._plan.enrolled or self._plan.dismissed:
            stages.append(("Daftar petugas diubah.", "The list of officers is changed.", self._change_officers))
        return [
            *stages,
            ("Cadangan ditulis dan ditandatangani.", "The backup is written and signed.", self._back_up),
        ]

    def _confirm(self, step: TranscriptStep) -> None:
        store = self._custody.store
        unknown = sorted(set(self._plan.dismissed) - set(self._custody.records()))
        if unknown:
            raise OfficerRefused(name=unknown[0].removeprefix(PREFIX), rule="who is dismissed is an officer")
        Officers(self._officers_after())  # before anything changes: each has a key of his own
        step.note(
            f"plan SHA-256 {self._plan.digest}",
            f"back end {store.backend}, {self._plan.store}",
            *(f"{token.product}: a token in software, NOT VALIDATED" for token in store.unvalidated()),
            f"code {code_version()} SHA-256 {code_digest()}",
            f"keys: {len(store.descriptions())}",
        )

    def _open(self, step: TranscriptStep) -> None:
        present, kcv = self._present[0], self._custody.backup_key_check_value
        if kcv is None and not was_replaced_by_halves(self._room.journal, present.share_set):
            raise ShareRefused(share=present.share_set, rule="is of a backup key, and the back end has none")
        if kcv is None and not self._plan.shares_anew:
            raise PlanRefused(rule="shares the backup key anew: an interrupted handover left the back end without one")
        if kcv is not None and present.kcv != kcv:
            raise ShareRefused(
                share=present.share_set, rule="is of the backup key in use; an earlier set opens nothing here"
            )
        self._made.held = opened_by(self._custody.store, self._room.backups, bytes(self._made.earlier))
        step.note(
            f"set {present.share_set}, KCV {present.kcv.hex().upper()}, opens {len(self._made.held)} backups",
            *(f"share {held.number} {held.custodian}" for held in self._present),
        )

    def _split(self, step: TranscriptStep) -> None:
        plan, room, new = self._plan, self._room, self._made.new
        new[:] = room.randomness(BACKUP_KEY_LENGTH)
        while key_check_value(bytes(new)) == self._custody.backup_key_check_value:
            new[:] = room.randomness(BACKUP_KEY_LENGTH)  # three bytes tell them apart later
        held = split_among(new, plan.custodians, plan.threshold, room.randomness)
        folder = room.out / "shares"
        folder.mkdir(mode=PRIVATE)
        self._made.shares = [
            seal_share(folder, share, room.secrets.passphrase_of, room.randomness, room.cost) for share in held
        ]
        step.note(
            f"{plan.threshold} of {len(held)}, set {held[0].share_set}, KCV {held[0].kcv.hex().upper()}",
            *(
                f"share {one.held.number} {one.held.custodian}: SHA-256 of file {one.sha256}"
                for one in self._made.shares
            ),
        )

    def _wrap(self, step: TranscriptStep) -> None:
        made = self._made
        made.anew = wrap_anew(self._room.backups, made.held, bytes(made.earlier), bytes(made.new))
        step.note(f"{len(made.anew)} keys, each with the check value that it had")

    def _try_every_group(self, step: TranscriptStep) -> None:
        made, count = self._made, len(self._made.anew)
        shares = [one.held for one in made.shares]
        enough, fewer = every_quorum(shares, made.anew), every_smaller_group(shares, made.anew)
        if any(subset.restored != count for subset in enough):
            raise CeremonyRefused(step=step.number, rule="every new quorum restores every key")
        if any(subset.restored for subset in fewer) or opens_any(made.anew, bytes(made.earlier)):
            raise CeremonyRefused(step=step.number, rule="nothing less than a new quorum restores any key")
        step.note(*told_groups(enough, fewer, count))
        step.note(f"pecahan lama tidak memulihkan / the earlier set {self._present[0].share_set} restores none")

    def _take_over(self, transcript: Transcript) -> None:
        """The intent: from this line on the handover is finished, not begun again."""
        self._room.journal.append(
            TAKING_OVER,
            self._room.clock(),
            handover=self._name,
            plan_sha256=self._plan.digest,
            out=self._room.out.name,
            kcv=key_check_value(bytes(self._made.new)).hex() if self._plan.shares_anew else "",
            earlier_set=self._present[0].share_set,
            officers={name: point.hex() for name, point in self._officers_after().items() if name.startswith(PREFIX)},
            present=[held.custodian for held in self._present],
            steps=[step_record(step) for step in transcript.steps],
        )
        if self._plan.shares_anew:
            self._custody.set_backup_key(bytearray(self._made.new))

    def _replace_backup_key(self, step: TranscriptStep) -> None:
        facts = self._room.journal.of(TAKING_OVER)[-1].facts
        moved = put_in_place(self._custody.store, self._room.backups)
        kcv = (self._custody.backup_key_check_value or b"").hex()
        if kcv != facts["kcv"]:
            raise CeremonyRefused(step=step.number, rule="the back end has the backup key that was split")
        at_risk = sorted({str(key.purpose) for key in self._custody.store.descriptions()})
        step.note(
            f"KCV {kcv.upper()}; {moved} wrapped keys beside the store replaced",
            f"Pecahan lama {facts['earlier_set']} tidak membuka cadangan yang dibuat mulai sekarang. Cadangan yang dibawa pergi "
            "sebelumnya masih dapat dibuka olehnya: musnahkan. Bila itu tidak pasti, putar kunci kegunaan di bawah ini.",
            f"The earlier set {facts['earlier_set']} opens no backup that is made from now on. It still opens every backup that "
            "was carried away before: destroy those copies. Where that is not certain, rotate the purposes below.",
            ", ".join(at_risk),
        )

    def _change_officers(self, step: TranscriptStep) -> None:
        there = self._custody.records()
        for name, point in self._plan.enrolled:
            self._custody.keep_record(name, point)
            earlier = there.get(name)
            was = "" if earlier in {None, point} else f", instead of {fingerprint(earlier or b'')}"
            step.note(f"{name}: key {fingerprint(point)}{was}")
        for name in self._plan.dismissed:
            self._custody.drop_record(name)
            step.note(f"{name}: dismissed")
        left = [name.removeprefix(PREFIX) for name in self._custody.records() if name.startswith(PREFIX)]
        step.note(f"officers now: {', '.join(sorted(left)) or 'none'}")

    def _back_up(self, step: TranscriptStep) -> None:
        room = self._room
        certificates = ca_certificates(room.journal, self._custody.store.ca_certificate, room.clock())
        known = withdrawals(room.journal)
        folder = room.out / "backup"
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left of it
        made = write_backup(folder, self._custody, room.backups, certificates, known, room.clock())
        step.note(f"{made['keys']} keys, manifest SHA-256 {made['manifest_sha256']}")

    def _finish(self, facts: Mapping[str, Any]) -> dict[str, object]:
        """What was interrupted after it began to take effect. No secret is needed any more."""
        if facts["plan_sha256"] != self._plan.digest or facts["out"] != self._room.out.name:
            raise CeremonyRefused(
                step=len(facts["steps"]) + 1,
                rule=f"the handover into {facts['out']} is finished first: the same plan, and --out {facts['out']}",
            )
        self._name = facts["handover"]
        self._room.out.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        transcript = handover_transcript(self._plan, self._name, facts["present"], self._room.clock())
        transcript.steps += [step_of(record) for record in facts["steps"]]
        effect = self._effect()
        return self._put_into_effect(transcript, self._steps(transcript, len(transcript.steps) + len(effect)), effect)

    def _put_into_effect(self, transcript: Transcript, steps: Steps, effect: Sequence[Stage]) -> dict[str, object]:
        plan, room = self._plan, self._room
        _walk(steps, effect)
        text, pdf = transcript.text(), transcript_pdf(transcript)
        written = write_transcript(room.out, text, pdf, plan.digest, self._custody.store, room.clock(), again=True)
        room.journal.append(COMPLETE, room.clock(), handover=self._name, **written)
        return {
            "handover": self._name,
            "folder": room.out,
            "shared_anew": plan.shares_anew,
            "enrolled": [name.removeprefix(PREFIX) for name, _ in plan.enrolled],
            "dismissed": [name.removeprefix(PREFIX) for name in plan.dismissed],
            "keys": len(self._custody.store.descriptions()),
            **written,
        }

    def _officers_after(self) -> dict[str, bytes]:
        records = {**self._custody.records(), **dict(self._plan.enrolled)}
        return {name: content for name, content in records.items() if name not in self._plan.dismissed}

    def _steps(self, transcript: Transcript, total: int) -> Steps:
        room = self._room
        return Steps(room.journal, room.conversation, room.clock, transcript, ceremony=self._name, total=total)


def _walk(steps: Steps, stages: Sequence[Stage]) -> None:
    for indonesian, english, stage in stages:
        with steps.step(indonesian, english) as step:
            stage(step)
