# SPDX-License-Identifier: Apache-2.0
"""Ceremonies for tests: a small plan, secrets of invented people, and a room over any back end."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from hsm.algorithms.block_cipher import key_check_value
from hsm.custody.backup_folder import BackupFolder
from hsm.custody.backup_set import read_backup, write_backup
from hsm.custody.ca_certificates import ca_certificates
from hsm.custody.ceremony import Ceremony, Room
from hsm.custody.conversation import Conversation
from hsm.custody.journal import open_journal
from hsm.custody.plan import CeremonyPlan, PlannedTransport, parse_plan
from hsm.custody.restoring import believe, restore
from hsm.custody.share_file import HeldShare, read_share
from hsm.custody.withdrawal import withdrawals
from hsm.keys.key_custody import KeyCustody
from hsm.process.production import Environment
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.sealed_custody import sealed_file_custody
from hsm.stores.sealed_file import open_sealed
from hsm.stores.software_store import SoftwareStore
from tests.hsm.back_ends import CHEAP, SealedFile
from tests.hsm.documents import NOW
from tests.hsm.running import SetClock

CUSTODIANS = ("Siti Rahayu", "Budi Santoso", "Made Wirawan", "Agus Salim", "Ratna Dewi")
TRANSPORT_KEY = bytes.fromhex("8f" * 31 + "01")
COMPONENT = bytes.fromhex("3c" * 32)
OFFICER_POINT = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"  # the base point of P-256: SP 800-186, 3.2.1.3

PLAN = f"""
format = "kartu-ceremony/1"
scheme = "Skema Uji"
environment = "test"
store = "file:keys.sealed"
threshold = 3
custodians = {json.dumps(CUSTODIANS)}
witnesses = ["Notaris Hartono"]
officer = [{{name = "satu.petugas", point = "{OFFICER_POINT}"}}]
key = [
  {{purpose = "card-ca"}}, {{purpose = "audit"}}, {{purpose = "eligibility-token"}}, {{purpose = "cover-proof"}},
  {{purpose = "card-master", version = 0x30}}, {{purpose = "sector-master", version = 0x30, sectors = ["01", "10-11"]}},
  {{purpose = "receipt"}}, {{purpose = "seal"}}, {{purpose = "blind-index"}}, {{purpose = "pseudonym"}},
]
transport = [{{version = 0xFF, components = 2, kcv = "{key_check_value(TRANSPORT_KEY).hex()}"}}]
"""


def plan(text: str = PLAN, now: datetime = NOW) -> CeremonyPlan:
    return parse_plan(text.encode(), now)


class InventedSecrets:
    """Each custodian's passphrase is his name, twice."""

    @contextmanager
    def passphrase_of(self, custodian: str) -> Iterator[bytearray]:
        yield passphrase(custodian)

    def component(self, transport: PlannedTransport, number: int) -> bytearray:  # noqa: ARG002 - there is one transport key
        rest = bytes(a ^ b for a, b in zip(TRANSPORT_KEY, COMPONENT, strict=True))
        return bytearray(COMPONENT if number == 1 else rest)


def passphrase(custodian: str) -> bytearray:
    return bytearray(f"{custodian} {custodian}".encode())


@dataclass
class Held:
    """A folder in which ceremonies are held, over one back end."""

    folder: Path
    lines: list[str] = field(default_factory=list)
    clock: Callable[[], datetime] = field(default_factory=SetClock)

    @property
    def journal(self) -> Path:
        return self.folder / "custody.journal"

    @property
    def backups(self) -> BackupFolder:
        return BackupFolder(self.folder / "backups")

    def hold(
        self,
        custody: KeyCustody,
        planned: CeremonyPlan | None = None,
        *,
        out: str = "out",
        again: bool = False,
        **changed: object,
    ) -> dict[str, object]:
        with open_journal(self.journal) as journal:
            room = Room(
                custody=custody,
                journal=journal,
                backups=self.backups,
                environment=Environment.TEST,
                conversation=Conversation(self.lines.append),
                clock=self.clock,
                randomness=os.urandom,
                secrets=InventedSecrets(),
                out=self.folder / out,
                cost=CHEAP,
            )
            return Ceremony(planned or plan(), replace(room, **changed)).hold(again=again)  # type: ignore[arg-type]  # fields by name


@dataclass
class KeySet:
    """What a ceremony left in a folder, opened again and again."""

    folder: Path
    clock: SetClock = field(default_factory=SetClock)

    @contextmanager
    def custody(self) -> Iterator[KeyCustody]:
        with sealed_file_custody(self.folder / "keys.sealed", bytearray(b"a passphrase"), os.urandom) as custody:
            yield custody

    def store(self) -> SoftwareStore:
        return SoftwareStore(KeyBundle.decode(open_sealed(self.folder / "keys.sealed", b"a passphrase")), os.urandom)

    @property
    def backups(self) -> BackupFolder:
        return BackupFolder(self.folder / "backups")

    @property
    def journal(self) -> Path:
        return self.folder / "custody.journal"

    def back_up(self, name: str) -> Path:
        with self.custody() as custody, open_journal(self.journal) as journal:
            certificates = ca_certificates(journal, custody.store.ca_certificate, self.clock())
            write_backup(self.folder / name, custody, self.backups, certificates, withdrawals(journal), self.clock())
        return self.folder / name

    def shares(self, *numbers: int) -> list[HeldShare]:
        """Opened by their custodians."""
        files = sorted((self.folder / "out" / "shares").iterdir())
        return [read_share(files[number - 1], passphrase(CUSTODIANS[number - 1])) for number in numbers]

    def restore(self, backup: Path, shares: list[HeldShare]) -> dict[str, object]:
        believed = believe(read_backup(backup), shares)
        with self.custody() as custody, open_journal(self.journal) as journal:
            return restore(believed, shares, custody, journal, self.backups, self.clock, Conversation(lambda _: None))


def empty_key_set(folder: Path) -> KeySet:
    folder.mkdir(mode=0o700)
    SealedFile(folder / "keys.sealed")
    return KeySet(folder)
