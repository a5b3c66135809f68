# SPDX-License-Identifier: Apache-2.0
"""The persistent memory of a chip as values: what survives power loss (GlobalPlatform 2.3.1, 6.6 registry; docs/card-edge.md).

Everything is frozen: a command builds the next chip from the last one and commits it, so that a cut write leaves the old one whole.
"""

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Self

ISD_AID = bytes.fromhex("A000000151000000")  # GP H.1.3
LOAD_FILE_AID = bytes.fromhex("F04B4A53524900")
PIV_MODULE = bytes.fromhex("F04B4A5352490001")
SECTOR_MODULE = bytes.fromhex("F04B4A5352490002")
SSD_LOAD_FILE = bytes.fromhex("A0000001515350")  # in ROM: supplementary security domains (not shown by GET STATUS)
SSD_MODULE = bytes.fromhex("A000000151535041")

SECTOR_DATA_LENGTH = 1024
COUNTERS = 8


class CardState(IntEnum):
    """Card life cycle (GP 11.1.1, table 11-6)."""

    OP_READY = 0x01
    INITIALIZED = 0x07
    SECURED = 0x0F
    CARD_LOCKED = 0x7F
    TERMINATED = 0xFF


class ApplicationState(IntEnum):
    """Application life cycle (GP 11.1.1, table 11-4); bit 8 says LOCKED."""

    INSTALLED = 0x03
    SELECTABLE = 0x07
    LOCKED = 0x80


@dataclass(frozen=True, slots=True)
class StaticKeySet:
    """One SCP03 key set: three AES keys of one length, a sequence counter, failed authentications in a row."""

    key_version_number: int
    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    dek: bytes = field(repr=False)
    sequence_counter: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """PIN or PUK with its try counter. Without a value it is blocked until the issuer sets one."""

    limit: int
    value: bytes | None = field(default=None, repr=False)
    tries: int = 0


@dataclass(frozen=True, slots=True)
class PivMemory:
    """What a PIV instance keeps: references, private scalars by key reference, contents of tag 53 by object tag."""

    pin: ReferenceData = ReferenceData(limit=3)
    puk: ReferenceData = ReferenceData(limit=5)
    keys: dict[int, bytes] = field(default_factory=dict, repr=False)
    objects: dict[int, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SectorMemory:
    """What a sector instance keeps."""

    key: bytes | None = field(default=None, repr=False)
    cover_proof: bytes = b""
    data: bytes = field(default=bytes(SECTOR_DATA_LENGTH), repr=False)
    free_length: int = 0
    counters: tuple[int, ...] = (0,) * COUNTERS


Memory = PivMemory | SectorMemory | None


@dataclass(frozen=True, slots=True)
class LoadFile:
    """An executable load file of the registry, with the modules that it holds; ``domain`` is that of what is installed from it (GP 7.2)."""

    aid: bytes
    modules: tuple[bytes, ...]
    version: bytes = b"\x01\x00"
    digest: bytes = b""
    domain: bytes = ISD_AID


@dataclass(frozen=True, slots=True)
class Application:
    """One instance of the registry. ``domain`` is the AID of its security domain."""

    aid: bytes
    load_file: bytes
    module: bytes
    life_cycle: int
    privileges: bytes
    domain: bytes
    key_sets: tuple[StaticKeySet, ...] = ()
    memory: Memory = None

    @property
    def is_security_domain(self) -> bool:
        """Whether privilege byte 1, bit 8 is set (GP table 11-7)."""
        return bool(self.privileges[0] & 0x80)

    @property
    def locked(self) -> bool:
        """Whether the application is LOCKED."""
        return bool(self.life_cycle & ApplicationState.LOCKED)


@dataclass(frozen=True, slots=True)
class Chip:
    """A whole chip."""

    cplc: bytes
    kdd: bytes
    scp_i: int
    key_sets: tuple[StaticKeySet, ...]
    life_cycle: int = CardState.OP_READY
    objects: dict[int, bytes] = field(default_factory=dict)
    load_files: tuple[LoadFile, ...] = ()
    applications: tuple[Application, ...] = ()

    def application(self, aid: bytes) -> Application | None:
        """The instance of this AID, None where there is none."""
        return next((entry for entry in self.applications if entry.aid == aid), None)

    def load_file(self, aid: bytes) -> LoadFile | None:
        """The executable load file of this AID, None where there is none."""
        return next((entry for entry in self.load_files if entry.aid == aid), None)

    def with_application(self, changed: Application) -> Self:
        """The chip with one instance replaced, or added at the end."""
        if self.application(changed.aid) is None:
            return replace(self, applications=(*self.applications, changed))
        kept = tuple(changed if entry.aid == changed.aid else entry for entry in self.applications)
        return replace(self, applications=kept)

    def key_holder(self, aid: bytes) -> bytes:
        """Whose keys open a secure channel with this application: its own, else those of its security domain, else the ISD's."""
        entry = self.application(aid)
        while entry is not None and not entry.key_sets:
            entry = self.application(entry.domain)
        return ISD_AID if entry is None else entry.aid

    def key_sets_of(self, holder: bytes) -> tuple[StaticKeySet, ...]:
        """The key sets of the ISD or of an application."""
        entry = self.application(holder)
        return self.key_sets if entry is None else entry.key_sets

    def with_key_sets(self, holder: bytes, key_sets: tuple[StaticKeySet, ...]) -> Self:
        """The chip with the key sets of one holder replaced."""
        entry = self.application(holder)
        if entry is None:
            return replace(self, key_sets=key_sets)
        return self.with_application(replace(entry, key_sets=key_sets))

    def with_key_set(self, holder: bytes, changed: StaticKeySet) -> Self:
        """The chip with one key set replaced by another of the same version."""
        kept = tuple(
            changed if entry.key_version_number == changed.key_version_number else entry
            for entry in self.key_sets_of(holder)
        )
        return self.with_key_sets(holder, kept)
