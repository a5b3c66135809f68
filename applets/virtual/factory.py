# SPDX-License-Identifier: Apache-2.0
"""The chip factory: blank cards as a supplier delivers them, and the clones that a thief can make."""

from dataclasses import replace

from applets.virtual.chip import (
    LOAD_FILE_AID,
    PIV_MODULE,
    SECTOR_MODULE,
    Application,
    Chip,
    LoadFile,
    PivMemory,
    ReferenceData,
    SectorMemory,
    StaticKeySet,
)
from applets.virtual.image import Image
from applets.virtual.p256 import new_scalar
from applets.virtual.piv.objects import RULES, Read
from applets.virtual.runtime import Entropy
from applets.virtual.scp03.derivation import cmac

TRANSPORT_KEY_VERSION = 0xFF
KDD_LENGTH = 10
SERIAL_LENGTH = 4
BATCH = bytes.fromhex("0001")
_FABRICATOR = bytes.fromhex("4790")  # NXP
_CHIP_TYPE = bytes.fromhex("D321")
_OPERATING_SYSTEM = bytes.fromhex("4700")
_MADE_ON = bytes.fromhex("6300")  # YDDD


def blank_chip(
    *,
    entropy: Entropy,
    transport_master: bytes,
    serial: bytes | None = None,
    batch: bytes = BATCH,
    i: int = 0x70,
) -> Image:
    """A chip in OP_READY with our load file, its own serial (4 bytes) and the supplier's key set FF; the image is in memory."""
    serial = entropy(SERIAL_LENGTH) if serial is None else serial
    kdd = entropy(KDD_LENGTH)
    return Image(
        Chip(
            cplc=cplc(serial, batch),
            kdd=kdd,
            scp_i=i,
            key_sets=(transport_key_set(transport_master, kdd),),
            load_files=(LoadFile(LOAD_FILE_AID, (PIV_MODULE, SECTOR_MODULE)),),
        )
    )


def transport_key_set(master: bytes, kdd: bytes, *, length: int = 32) -> StaticKeySet:
    """Key set FF by KDF3: per block, AES-CMAC(M, block | 00 00 00 | n | 00 | KDD), n = 1 ENC, 2 MAC, 3 DEK (facts, 1.11)."""
    enc, mac, dek = (kdf3(master, kdd, usage, length) for usage in (1, 2, 3))
    return StaticKeySet(TRANSPORT_KEY_VERSION, enc, mac, dek)


def kdf3(master: bytes, kdd: bytes, usage: int, length: int) -> bytes:
    """One static key of ``length`` bytes."""
    context = bytes([0, 0, 0, usage, 0]) + kdd
    return (cmac(master, b"\x01" + context) + cmac(master, b"\x02" + context))[:length]


def cplc(serial: bytes, batch: bytes) -> bytes:
    """Card production life cycle data, 42 bytes: fabricator, type, OS(6), date, serial(4), batch(2), then the years to come."""
    made = _FABRICATOR + _CHIP_TYPE + _OPERATING_SYSTEM + bytes(4) + _MADE_ON
    return (made + serial + batch).ljust(42, b"\x00")


def clone_readable(image: Image, entropy: Entropy) -> Image:
    """What a thief can make of a card: every readable object, every cover proof, the same names; but keys of their own.

    The readable part is what needs neither PIN nor channel. CPLC and KDD are readable, so they are copied too.
    """
    chip = image.chip
    return Image(
        replace(
            chip,
            key_sets=tuple(_own_keys(key_set, entropy) for key_set in chip.key_sets),
            applications=tuple(_cloned(application, entropy) for application in chip.applications),
        )
    )


def _cloned(application: Application, entropy: Entropy) -> Application:
    memory = application.memory
    if isinstance(memory, PivMemory):
        memory = PivMemory(
            pin=ReferenceData(memory.pin.limit, b"123456\xff\xff", memory.pin.limit),  # whatever the thief likes
            puk=ReferenceData(memory.puk.limit, b"12345678", memory.puk.limit),
            keys={reference: new_scalar(entropy) for reference in memory.keys},
            objects={tag: value for tag, value in memory.objects.items() if RULES[tag] is Read.ALWAYS},
        )
    elif isinstance(memory, SectorMemory):
        free = memory.data[: memory.free_length]
        memory = SectorMemory(
            key=None if memory.key is None else new_scalar(entropy),
            cover_proof=memory.cover_proof,
            data=free.ljust(len(memory.data), b"\x00"),
            free_length=memory.free_length,
        )
    key_sets = tuple(_own_keys(key_set, entropy) for key_set in application.key_sets)
    return replace(application, memory=memory, key_sets=key_sets)


def _own_keys(key_set: StaticKeySet, entropy: Entropy) -> StaticKeySet:
    length = len(key_set.enc)
    return replace(key_set, enc=entropy(length), mac=entropy(length), dek=entropy(length))
