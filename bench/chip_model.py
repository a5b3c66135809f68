# SPDX-License-Identifier: Apache-2.0
"""How long a real chip would take: activation, then per APDU the reader's host, the link, the chip's system and applet, and its cryptography.

*Floor*: the chip's own least time per APDU, cryptography as over contacts, secure channels in the chip's native code, which keeps keys and ciphers
ready. *Pessimistic*: 15 ms of applet per APDU, every key set and every cipher made ready through the Java Card API, cryptography 1.4 times slower
on RF power. A real card lies between the two.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from enum import Enum
from typing import Protocol

from bench.published_timings import (
    APPLET_APDU,
    BLOCK_OF_MEASUREMENT,
    RF_SLOWDOWN,
    SHA256_PER_SHA1,
    Chip,
)

HASH_BLOCK = 64
HASH_PADDING = 9  # 80, and the length on 8 bytes
HASH_BLOCKS_OF_MEASUREMENT = -(-(BLOCK_OF_MEASUREMENT + HASH_PADDING) // HASH_BLOCK)
USB_READER = 1.5  # host and USB, ms per APDU; a gate's reader has neither


class Case(Enum):
    """Which end of the range."""

    FLOOR = "floor"
    PESSIMISTIC = "pessimistic"


@dataclass(frozen=True, slots=True)
class CardWork:
    """What one APDU makes the chip do, beside answering. AES counts bytes through CBC, a MAC included."""

    key_pairs: int = 0
    signatures: int = 0
    agreements: int = 0
    hash_blocks: int = 0
    aes_bytes: int = 0
    aes_ready: int = 0  # ciphers made ready in any case
    aes_uses: int = 0  # ciphers that are made ready where none is kept so
    aes_keys: int = 0  # keys that are set where none is kept so
    nvm_bytes: int = 0

    def __add__(self, other: "CardWork") -> "CardWork":
        """Both, for one APDU."""
        return CardWork(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Apdu:
    """One APDU on the line: bytes of command and answer (status included), and the work between them."""

    sent: int
    received: int
    work: CardWork = CardWork()


class Link(Protocol):
    """A way to the chip."""

    @property
    def on_rf_power(self) -> bool:
        """Whether the chip lives on the reader's field."""
        ...

    @property
    def activation(self) -> float:
        """Milliseconds from card in place to first APDU."""
        ...

    def exchange(self, sent: int, received: int) -> float:
        """Milliseconds on the way for one APDU."""
        ...


@dataclass(frozen=True, slots=True)
class Contactless:
    """ISO/IEC 14443 type A: 9 bits per byte; PCB and CRC around each block; blocks of at most ``frame`` bytes (FSC, FSD)."""

    kbit_per_s: int
    frame: int = 256
    host: float = USB_READER
    on_rf_power: bool = True
    activation: float = 5.0  # guard time of 14443-3; anticollision, RATS and PPS are inside it on a fast reader
    turnaround: float = (
        1.2  # frame delays and block handling of both sides, per exchange of blocks: what NXP's 1 kB table leaves over
    )

    def exchange(self, sent: int, received: int) -> float:
        """Milliseconds on the way for one APDU."""
        blocks_sent, blocks_received = (-(-length // (self.frame - 3)) for length in (sent, received))
        acknowledgements = blocks_sent - 1 + blocks_received - 1
        octets = sent + received + 3 * (blocks_sent + blocks_received + acknowledgements)
        turns = blocks_sent + blocks_received - 1
        return self.host + octets * 9 / self.kbit_per_s + turns * self.turnaround


@dataclass(frozen=True, slots=True)
class Contact:
    """ISO/IEC 7816-3 T=1 at 4 MHz: 12 elementary time units per byte, 4 bytes around each block of at most 254."""

    cycles_per_etu: float = 512 / 32  # TA1 = 96, as in our ATR
    host: float = USB_READER
    on_rf_power: bool = False
    activation: float = 30.0  # reset, an ATR of 20 bytes at 372 cycles, PPS, IFS
    turnaround: float = 0.5  # block guard time and block handling, per exchange of blocks

    def exchange(self, sent: int, received: int) -> float:
        """Milliseconds on the way for one APDU."""
        blocks_sent, blocks_received = (-(-length // 254) for length in (sent, received))
        acknowledgements = blocks_sent - 1 + blocks_received - 1
        octets = sent + received + 4 * (blocks_sent + blocks_received + acknowledgements)
        turns = blocks_sent + blocks_received - 1
        return self.host + octets * 12 * self.cycles_per_etu / 4000 + turns * self.turnaround


def predicted(chip: Chip, link: Link, apdus: Iterable[Apdu], case: Case) -> float:
    """Milliseconds for a whole transcript."""
    total = link.activation
    for apdu in apdus:
        system = chip.apdu if case is Case.FLOOR else APPLET_APDU
        total += link.exchange(apdu.sent, apdu.received) + system + on_chip(chip, link, apdu.work, case)
    return total


def on_chip(chip: Chip, link: Link, work: CardWork, case: Case) -> float:
    """Milliseconds of cryptography and memory for one APDU."""
    hash_block = chip.sha1 * SHA256_PER_SHA1 / HASH_BLOCKS_OF_MEASUREMENT
    again = case is Case.PESSIMISTIC
    cryptography = (
        work.key_pairs * chip.generate_p256
        + work.signatures * (chip.ecdsa_with_sha1 - chip.sha1)
        + work.agreements * chip.ecdh
        + work.hash_blocks * hash_block
        + work.aes_bytes / BLOCK_OF_MEASUREMENT * chip.aes_cbc
        + (work.aes_ready + again * work.aes_uses) * chip.aes_init
        + again * work.aes_keys * chip.aes_set_key
    )
    slowed = cryptography * RF_SLOWDOWN if link.on_rf_power and case is Case.PESSIMISTIC else cryptography
    return slowed + work.nvm_bytes / BLOCK_OF_MEASUREMENT * chip.nvm
