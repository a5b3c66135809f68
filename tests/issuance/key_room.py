# SPDX-License-Identifier: Apache-2.0
"""Keys in a sealed file that the real custody code rotates, and a counter that asks them as the key process would after SIGHUP."""

import os
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from applets.virtual.card import VirtualCard
from cardservice.card_edge.scp03.initialize_update import initialize_update, parse_initialize_update
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.select import select_sector
from cardservice.keys import Purpose
from hsm.custody.backup_folder import BackupFolder
from hsm.custody.journal import open_journal
from hsm.custody.rotation import Rotation, RotationOrder
from hsm.in_process import InProcessKeys
from hsm.keys.ca_certificate import self_signed_ca_certificate
from hsm.keys.key_plan import KeyPlan
from hsm.process.production import Environment
from hsm.stores.key_generation import development_plans
from tests.hsm.back_ends import SealedFile
from tests.issuance.counter import START, TRANSPORT_MASTER, Clock, Counter

SECTORS = (0x01, 0x10, 0x70)
EVERYWHERE = (0x00, *SECTORS)


@dataclass
class KeyRoom:
    """A folder of keys and the journal of their custody."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    file: SealedFile = field(init=False)

    def __post_init__(self) -> None:
        self.file = SealedFile(self.folder / "keys.sealed")
        with self.file.custody() as custody:
            for plan in development_plans(START):
                if plan.sector in EVERYWHERE:  # the others are for nobody here
                    custody.generate(plan, START)
            transport = KeyPlan(Purpose.TRANSPORT, 0xFF, START, START + timedelta(days=365), 0, 32)
            custody.bring_in(transport, bytearray(TRANSPORT_MASTER), START)
            (ca,) = (key for key in custody.store.descriptions() if key.purpose is Purpose.CARD_CA)
            custody.set_ca_certificate(self_signed_ca_certificate(custody.store, ca, os.urandom))

    def rotate(self, *purposes: Purpose, sector: int | None = None, at: datetime | None = None) -> None:
        """`kartu keys rotate PURPOSE --at now`, at this moment (or moved to it first)."""
        self.clock.at = at or self.clock.at
        now = self.clock.now()
        with self.file.custody() as custody, open_journal(self.folder / "custody.journal") as journal:
            backups = BackupFolder(self.folder / "backups")
            rotation = Rotation(
                custody, journal, backups, self.clock.now, environment=Environment.TEST, randomness=os.urandom
            )
            for purpose in purposes:
                rotation.rotate(RotationOrder(f"{purpose}-{sector}-{now:%Y%m%d}", purpose, sector, now, now))

    def reread(self, counter: Counter) -> None:
        """The counter's keys are those of the file as it is now."""
        ticks = count()
        keys = InProcessKeys(self.file.store(), clock=self.clock.now, monotonic=lambda: float(next(ticks)))
        counter.bureau = replace(counter.bureau, keys=keys, now=self.clock.now)


def versions_on(card: VirtualCard) -> dict[int, int]:
    """The key version number that the card itself tells in each sector, 00 the issuer's domain."""
    card.reset()
    told = {}
    for sector in EVERYWHERE:
        if sector:
            card.transmit(select_sector(sector_aid(sector)).encode())
        answer = card.transmit(initialize_update(0x00, bytes(8)).encode())
        assert answer[-2:] == b"\x90\x00"
        told[sector] = parse_initialize_update(answer[:-2]).key_version_number
    card.reset()
    return told
