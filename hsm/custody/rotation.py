# SPDX-License-Identifier: Apache-2.0
"""A purpose gets its next key: ahead of time, so that verifiers know it before it signs, or at once.

Each rotation has an id, and is done once: asked again with the same id it finishes what it began, or says what it did. What the old key
made stays readable for the purpose's reading period. A signing key that is followed at once is ended: it signs no more. Masters are
not ended, for cards that were begun under them must be finished; they stop making new cards at their own date.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardservice.keys import ISSUER_SECTOR, Purpose
from hsm.custody.backup_folder import BackupFolder
from hsm.custody.ca_certificates import CERTIFICATE, note_ca_certificate
from hsm.custody.journal import CustodyJournal
from hsm.custody.key_ending import destroy_key, destroyed_keys, end_key
from hsm.custody.key_making import KeyMaking, made_by
from hsm.custody.key_record import described, description_of
from hsm.errors import RotationRefused
from hsm.keys.ca_certificate import self_signed_ca_certificate
from hsm.keys.crypto_periods import CRYPTO_PERIODS, ROTATION_OVERLAP
from hsm.keys.key_custody import KeyCustody
from hsm.keys.key_plan import MASTERS, KeyPlan
from hsm.keys.key_store import KeyDescription, KeyKind
from hsm.keys.randomness import Randomness
from hsm.process.production import Environment

BEGUN, COMPLETE = "rotation-begun", "rotation-complete"
LAST_CARD_VERSION = 0x3F  # GPC_GUI_010: SCP03 key sets are 30 to 3F
CAME_LATER = frozenset({Purpose.RECEIPT})  # a ceremony of before made no such key: rotating makes the first
FOR_GOOD = {
    Purpose.BLIND_INDEX: "its indexes are in every member's row: a new key would find nobody",
    Purpose.PSEUDONYM: "its names are known to every partner: a new key would rename everybody",
    Purpose.TRANSPORT: "the chip supplier makes it, and it comes in at a ceremony",
}


@dataclass(frozen=True, slots=True)
class RotationOrder:
    """What is asked: ``at`` None means ahead, seven days before the last key of the slot ends. ``sector`` None means all of them."""

    rotation: str
    purpose: Purpose
    sector: int | None
    at: datetime | None
    now: datetime

    @property
    def is_at_once(self) -> bool:
        """Whether the new key takes over now."""
        return self.at is not None and self.at <= self.now

    def facts(self) -> dict[str, object]:
        """As the journal knows it again."""
        return {"rotation": self.rotation, "purpose": str(self.purpose), "sector": self.sector}


class Rotation:
    """One rotation over an opened back end."""

    def __init__(
        self,
        custody: KeyCustody,
        journal: CustodyJournal,
        backups: BackupFolder,
        clock: Callable[[], datetime],
        *,
        environment: Environment,
        randomness: Randomness,
    ) -> None:
        self._custody = custody
        self._journal = journal
        self._backups = backups
        self._clock = clock
        self._environment = environment
        self._randomness = randomness

    def rotate(self, order: RotationOrder) -> dict[str, object]:
        """Do it, finish it, or tell what it did. Raises RotationRefused, and BackupRefused in production without a backup key."""
        done = self._entry(COMPLETE, order)
        if done is not None:
            return {**done, "already": True}
        begun = self._entry(BEGUN, order)
        if begun is None:
            begun = self._begin(order)
        plans = [_plan_of(record) for record in begun["plans"]]
        making = KeyMaking(
            self._custody,
            self._journal,
            self._backups,
            self._clock,
            cause=order.rotation,
            must_back_up=self._environment is Environment.PRODUCTION
            or self._custody.backup_key_check_value is not None,
        )
        made = [self._made(making, plan, order) for plan in plans]
        ended: list[KeyDescription] = []
        if begun["at_once"]:
            if order.purpose is Purpose.CARD_CA:
                self._certify(made[0])
            ended = self._end_followed(order, made)
        result: dict[str, object] = {
            "made": [described(key) for key in made],
            "ended": [described(key) for key in ended],
            "backed_up": self._custody.backup_key_check_value is not None,
        }
        self._journal.append(COMPLETE, self._clock(), **order.facts(), **result)
        return {**order.facts(), **result, "already": False}

    def _begin(self, order: RotationOrder) -> Mapping[str, Any]:
        if order.purpose in FOR_GOOD:
            raise RotationRefused(purpose=str(order.purpose), rule=FOR_GOOD[order.purpose])
        if order.purpose is Purpose.CARD_CA and not order.is_at_once:
            raise RotationRefused(
                purpose=str(order.purpose), rule="the CA has one certificate in use: it takes over --at now"
            )
        plans = [self._plan(order, slot) for slot in self._slots(order)]
        facts = {
            **order.facts(),
            "at_once": order.is_at_once,
            "plans": [_record_of(plan) for plan in plans],
        }
        # Read back as the journal keeps it, so that a first run and a second one do the same.
        return self._journal.append(BEGUN, self._clock(), **facts).facts

    def _slots(self, order: RotationOrder) -> list[list[KeyDescription]]:
        """The keys of each slot that is meant, oldest first."""
        slots: dict[int, list[KeyDescription]] = {}
        for key in sorted(self._custody.store.descriptions(), key=lambda key: key.version):
            if key.purpose is order.purpose and order.sector in {None, key.sector}:
                slots.setdefault(key.sector, []).append(key)
        if not slots and order.purpose in CAME_LATER and order.sector in {None, ISSUER_SECTOR}:
            return [[]]
        if not slots:
            raise RotationRefused(purpose=str(order.purpose), rule="there is such a key, in that sector")
        return list(slots.values())

    def _plan(self, order: RotationOrder, slot: Sequence[KeyDescription]) -> KeyPlan:
        if not slot:  # a back end of before there was such a purpose, or whose only key was destroyed
            begins = max(order.at or order.now, order.now).replace(microsecond=0)
            gone = [key.version for key, _ in destroyed_keys(self._journal) if key.purpose is order.purpose]
            return KeyPlan(
                order.purpose, max(gone, default=0) + 1, begins, begins + CRYPTO_PERIODS[order.purpose].making
            )
        last = slot[-1]
        gone = [
            key.version
            for key, _ in destroyed_keys(self._journal)
            if (key.purpose, key.sector) == (last.purpose, last.sector)
        ]
        version = max([last.version, *gone]) + 1
        if last.purpose in MASTERS and version > LAST_CARD_VERSION:
            raise RotationRefused(purpose=str(last.purpose), rule="a key version number on cards ends with 3F")
        ahead = max(order.now, max(key.expires for key in slot) - ROTATION_OVERLAP)
        active_from = (ahead if order.at is None else max(order.at, order.now)).replace(microsecond=0)
        making = CRYPTO_PERIODS[last.purpose].making
        return KeyPlan(last.purpose, version, active_from, active_from + making, last.sector, last.derived_length)

    def _made(self, making: KeyMaking, plan: KeyPlan, order: RotationOrder) -> KeyDescription:
        """The key, made now or by an earlier run of the same rotation; one that an earlier run left unnoted is made anew."""
        there = [key for key in self._custody.store.descriptions() if _name(key) == _name(plan)]
        if there and there[0].kid in made_by(self._journal, order.rotation):
            return there[0]
        for key in there:
            destroy_key(self._custody, self._journal, self._backups, key, order.rotation, self._clock)
        return making.generate(plan)

    def _certify(self, ca: KeyDescription) -> None:
        store = self._custody.store
        if not self._journal.of(CERTIFICATE):
            note_ca_certificate(self._journal, store.ca_certificate, self._clock())  # development keys have none noted
        remark = "" if self._environment is Environment.PRODUCTION else f"({self._environment})"
        certificate = self_signed_ca_certificate(store, ca, self._randomness, remark=remark)
        note_ca_certificate(self._journal, certificate, self._clock())
        self._custody.set_ca_certificate(certificate)

    def _end_followed(self, order: RotationOrder, made: Sequence[KeyDescription]) -> list[KeyDescription]:
        new = {key.kid for key in made}
        return [
            end_key(self._custody, self._journal, key, order.rotation, self._clock)
            for key in self._custody.store.descriptions()
            if key.purpose is order.purpose
            and key.kind is KeyKind.P256
            and key.kid not in new
            and key.expires > self._clock()
            and not key.is_ended
        ]

    def _entry(self, event: str, order: RotationOrder) -> Mapping[str, Any] | None:
        """What the journal has of this rotation. Raises RotationRefused if the id was another rotation's."""
        for entry in self._journal.of(event):
            if entry.facts["rotation"] == order.rotation:
                if any(entry.facts[name] != value for name, value in order.facts().items()):
                    raise RotationRefused(
                        purpose=str(order.purpose), rule=f"the id {order.rotation} is another rotation's"
                    )
                return entry.facts
        return None


def _name(key: KeyPlan | KeyDescription) -> tuple[str, int, int]:
    return str(key.purpose), key.version, key.sector


def _record_of(plan: KeyPlan) -> dict[str, object]:
    return described(plan.describe("", plan.active_from))


def _plan_of(record: Mapping[str, Any]) -> KeyPlan:
    key = description_of(record)
    return KeyPlan(key.purpose, key.version, key.active_from, key.expires, key.sector, key.derived_length)
