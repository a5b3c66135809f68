# SPDX-License-Identifier: Apache-2.0
"""A key ceremony: a whole key set made from one reviewed plan, its backup key split among custodians, every check made before it ends.

It begins on an empty back end only. If it is interrupted, the journal knows where; it is begun again with ``again``, which first destroys
what the unfinished one made. Keys and files that are there are never overwritten.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cardservice.keys import Purpose
from hsm.custody.attestation import code_digest, code_version
from hsm.custody.backup_folder import BackupFolder, file_name
from hsm.custody.backup_set import write_backup
from hsm.custody.ca_certificates import note_ca_certificate
from hsm.custody.ceremony_checks import line_of, trial_signature_holds
from hsm.custody.ceremony_steps import Steps
from hsm.custody.conversation import Conversation
from hsm.custody.empty_folder import PRIVATE, make_empty_folder
from hsm.custody.journal import CustodyJournal
from hsm.custody.key_making import KeyMaking
from hsm.custody.key_record import check_of, fingerprint
from hsm.custody.plan import CeremonyPlan, PlannedTransport
from hsm.custody.quorum import (
    PassphraseOf,
    SealedShare,
    every_quorum,
    every_smaller_group,
    seal_share,
    split_among,
    told_groups,
)
from hsm.custody.transcript import CEREMONY, CUSTODIAN, LEADER, WITNESS, Transcript, TranscriptStep, moment
from hsm.custody.transcript_files import write_transcript
from hsm.custody.transcript_pdf import transcript_pdf
from hsm.custody.unfinished import BEGUN, COMPLETE, clear_the_way
from hsm.errors import PlanRefused
from hsm.keys.ca_certificate import self_signed_ca_certificate
from hsm.keys.key_custody import BACKUP_KEY_LENGTH, KeyCustody
from hsm.keys.key_store import KeyKind
from hsm.keys.randomness import Randomness
from hsm.process.production import Environment, refuse_known_masters
from hsm.stores.ceremony_mark import mark, unmark
from hsm.stores.sealed_file import Argon2Parameters

NAME_LENGTH = 8  # bytes that name one ceremony


class Secrets(Protocol):
    """Where a ceremony's secrets come from: people at the keyboard, or files closed to others."""

    @property
    def passphrase_of(self) -> PassphraseOf:
        """A custodian's passphrase, for as long as it is needed."""
        ...

    def component(self, transport: PlannedTransport, number: int) -> bytearray:
        """One component of a transport key, as long as the key."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """What a ceremony works with. ``out`` is a folder that is not there yet, or empty; ``backups`` stays beside the keys."""

    custody: KeyCustody
    journal: CustodyJournal
    backups: BackupFolder
    environment: Environment
    conversation: Conversation
    clock: Callable[[], datetime]
    randomness: Randomness
    secrets: Secrets
    out: Path
    cost: Argon2Parameters


class Ceremony:
    """One ceremony, from its plan to its transcript."""

    def __init__(self, plan: CeremonyPlan, room: Room) -> None:
        self._plan = plan
        self._room = room
        self._custody = room.custody
        self._name = room.randomness(NAME_LENGTH).hex()
        self._transcript = Transcript(self._about(), self._signers())
        self._making = KeyMaking(room.custody, room.journal, room.backups, room.clock, cause=self._name)
        self._shares: list[SealedShare] = []

    def hold(self, *, again: bool) -> dict[str, object]:
        """Do it all. Raises CeremonyRefused, PlanRefused, KeyFileExists, and whatever back end, journal or files raise."""
        plan, room = self._plan, self._room
        if plan.environment is not room.environment:
            raise PlanRefused(path=str(room.out), rule=f"is for {plan.environment}, as KARTU_ENV says")
        if not any(key.purpose is Purpose.AUDIT and key.active_from <= room.clock() < key.expires for key in plan.keys):
            # Asked before custodians have typed anything, and not when there is something to sign.
            raise PlanRefused(path=str(room.out), rule="has an audit key that signs on the day of the ceremony")
        clear_the_way(room.custody, room.journal, room.backups, room.clock, again=again)
        make_empty_folder(room.out)
        room.journal.append(BEGUN, room.clock(), ceremony=self._name, plan_sha256=plan.digest, scheme=plan.scheme)
        mark(room.custody, self._name)
        stages: Sequence[tuple[str, str, Callable[[TranscriptStep], None]]] = [
            (
                "Rencana ditegaskan dan tempat kunci kosong.",
                "The plan is confirmed, the back end empty.",
                self._confirm,
            ),
            ("Kunci cadangan dibuat dan dibagi.", "The backup key is made and split.", self._split),
            ("Kunci dibuat di tempat kunci.", "Keys are made in the back end.", self._make),
            *self._optional_stages(),
            ("Sertifikat CA kartu dibuat.", "The card CA's certificate is made.", self._certify),
            (
                "Tanda tangan uji diperiksa secara mandiri.",
                "Test signatures are verified independently.",
                self._try_out,
            ),
            (
                "Nilai periksa kunci dibandingkan dengan cadangannya.",
                "Check values of the keys are compared with their backups.",
                self._compare,
            ),
            (
                "Setiap kelompok yang cukup memulihkan semua kunci; yang kurang tidak satu pun.",
                "Every quorum restores every key; nothing less restores any.",
                self._try_every_group,
            ),
            ("Cadangan ditulis dan ditandatangani.", "The backup is written and signed.", self._back_up),
        ]
        self._steps = Steps(
            room.journal, room.conversation, room.clock, self._transcript, ceremony=self._name, total=len(stages)
        )
        for indonesian, english, stage in stages:
            with self._steps.step(indonesian, english) as step:
                stage(step)
        text, pdf = self._transcript.text(), transcript_pdf(self._transcript)
        written = write_transcript(room.out, text, pdf, plan.digest, room.custody.store, room.clock())
        unmark(room.custody)
        room.journal.append(COMPLETE, room.clock(), ceremony=self._name, **written)
        keys = room.custody.store.descriptions()
        return {"ceremony": self._name, "folder": room.out, "keys": len(keys), "steps": len(stages), **written}

    def _optional_stages(self) -> list[tuple[str, str, Callable[[TranscriptStep], None]]]:
        stages: list[tuple[str, str, Callable[[TranscriptStep], None]]] = []
        if self._plan.transport:
            stages.append(
                ("Kunci transpor digabung dari komponen.", "Transport keys come in by components.", self._bring_in)
            )
        if self._plan.officers:
            stages.append(("Petugas didaftarkan.", "Officers are enrolled.", self._enrol))
        return stages

    def _confirm(self, step: TranscriptStep) -> None:
        step.note(
            f"plan SHA-256 {self._plan.digest}",
            f"back end {self._custody.store.backend}, {self._plan.store}",
            *(f"{token.product}: a token in software, NOT VALIDATED" for token in self._custody.store.unvalidated()),
            f"code {code_version()} SHA-256 {code_digest()}",
            f"keys before: {len(self._custody.store.descriptions())}",
        )

    def _split(self, step: TranscriptStep) -> None:
        plan, room = self._plan, self._room
        backup_key = bytearray(room.randomness(BACKUP_KEY_LENGTH))
        held = split_among(backup_key, plan.custodians, plan.threshold, room.randomness)
        folder = room.out / "shares"
        folder.mkdir(mode=PRIVATE)
        self._shares = [
            seal_share(folder, share, room.secrets.passphrase_of, room.randomness, room.cost) for share in held
        ]
        # Only now: until every custodian holds his share, nothing is made that depends on them.
        self._custody.set_backup_key(backup_key)
        kcv = self._custody.backup_key_check_value or b""
        if kcv != held[0].kcv:
            self._steps.refuse("the back end has the backup key that was split")
        step.note(f"{plan.threshold} of {len(held)}, set {held[0].share_set}, KCV {kcv.hex().upper()}")
        step.note(
            *(f"share {one.held.number} {one.held.custodian}: SHA-256 of file {one.sha256}" for one in self._shares)
        )

    def _make(self, step: TranscriptStep) -> None:
        for plan in self._plan.keys:
            key = self._making.generate(plan)
            step.note(line_of(self._custody.store, key))

    def _bring_in(self, step: TranscriptStep) -> None:
        for transport in self._plan.transport:
            whole = bytearray(transport.plan.derived_length)
            for number in range(1, transport.components + 1):
                component = self._room.secrets.component(transport, number)
                if len(component) != len(whole):
                    self._steps.refuse(f"component {number} is {len(whole)} bytes")
                for place, octet in enumerate(component):
                    whole[place] ^= octet
                component[:] = bytes(len(component))
            key = self._making.bring_in(transport.plan, whole)
            if check_of(self._custody.store, key) != transport.kcv.hex():
                self._steps.refuse(f"the components give the KCV {transport.kcv.hex().upper()} of the plan")
            step.note(line_of(self._custody.store, key), f"{transport.components} components")

    def _certify(self, step: TranscriptStep) -> None:
        store = self._custody.store
        (ca,) = (key for key in store.descriptions() if key.purpose is Purpose.CARD_CA)
        remark = "" if self._plan.environment is Environment.PRODUCTION else f"({self._plan.environment})"
        certificate = self_signed_ca_certificate(store, ca, self._room.randomness, remark=remark)
        self._custody.set_ca_certificate(certificate)
        step.note(f"SHA-256 {note_ca_certificate(self._room.journal, certificate, self._room.clock())}")

    def _enrol(self, step: TranscriptStep) -> None:
        for name, point in self._plan.officers:
            self._custody.keep_record(name, point)
            step.note(f"{name}: key {fingerprint(point)}")

    def _try_out(self, step: TranscriptStep) -> None:
        store = self._custody.store
        for key in store.descriptions():
            if key.kind is KeyKind.P256:
                if not trial_signature_holds(store, key, self._room.randomness(32)):
                    self._steps.refuse(f"{key.purpose} {key.version} signs what its public half verifies")
                step.note(f"{key.purpose} {key.version} kid {key.kid}: verified")

    def _compare(self, step: TranscriptStep) -> None:
        store = self._custody.store
        if self._room.environment is Environment.PRODUCTION:
            refuse_known_masters(store)
        for key in store.descriptions():
            if check_of(store, key) != self._room.backups.read(file_name(key))[0].check_value.hex():
                self._steps.refuse(f"the backup of {key.purpose} {key.version} names the key that is there")
        step.note(f"{len(store.descriptions())} keys, {len(store.descriptions())} backups, no difference")

    def _try_every_group(self, step: TranscriptStep) -> None:
        keys = self._custody.store.descriptions()
        backups = [self._room.backups.read(file_name(key))[0] for key in keys]
        shares = [one.held for one in self._shares]
        enough, fewer = every_quorum(shares, backups), every_smaller_group(shares, backups)
        for subset in enough:
            if subset.restored != len(keys):
                self._steps.refuse(f"the group {subset} of {len(keys)} restores every key")
        for subset in fewer:
            if subset.restored:
                self._steps.refuse(f"the group {subset} of {len(keys)} restores nothing")
        step.note(*told_groups(enough, fewer, len(keys)))

    def _back_up(self, step: TranscriptStep) -> None:
        room = self._room
        certificates = [room.custody.store.ca_certificate]
        made = write_backup(room.out / "backup", room.custody, room.backups, certificates, [], room.clock())
        step.note(f"{made['keys']} keys, manifest SHA-256 {made['manifest_sha256']}")

    def _about(self) -> list[tuple[tuple[str, str], str]]:
        plan = self._plan
        return [
            (("Skema", "Scheme"), plan.scheme),
            (("Lingkungan", "Environment"), str(plan.environment)),
            (("Tempat kunci", "Back end"), plan.store),
            (("Rencana", "Plan"), f"SHA-256 {plan.digest}"),
            (CEREMONY, self._name),
            (("Mulai", "Began"), moment(self._room.clock())),
            (("Ambang", "Threshold"), f"{plan.threshold} / {len(plan.custodians)}"),
        ]

    def _signers(self) -> list[tuple[tuple[str, str], str]]:
        plan = self._plan
        return [
            (LEADER, "_" * 30),
            *((CUSTODIAN, name) for name in plan.custodians),
            *((WITNESS, name) for name in plan.witnesses),
        ]
