# SPDX-License-Identifier: Apache-2.0
"""A bureau: the place where cards are made. It brings together the records, the keys, the clock and randomness."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.keys import CardKeys, Pseudonyms, Purpose, Sealer, Signer
from cardservice.records.database import Database

HEALTH, TRANSPORT, COUNTER = 0x01, 0x10, 0x70  # docs/card-edge.md, "Applications"


class BatchSigner(Signer, Protocol):
    """A signer that takes several documents in one trip to the keys."""

    def sign_each(self, documents: Sequence[bytes]) -> list[bytes]:
        """ES256 over each document, in order; raw r|s, 64 bytes. Raises for all if it refuses one."""
        ...


class BureauKeys(Protocol):
    """What issuance asks of the key process (hsm/client/key_process.py answers it)."""

    @property
    def card_keys(self) -> CardKeys:
        """SCP03 session keys and wrapped key sets."""
        ...

    @property
    def sealer(self) -> Sealer:
        """Sealing of single values."""
        ...

    @property
    def pseudonyms(self) -> Pseudonyms:
        """A card's name in each sector."""
        ...

    @property
    def ca_certificate(self) -> bytes:
        """The card CA's certificate, DER."""
        ...

    def revoke_cards(self, kdds: Sequence[bytes], *, reason: str) -> int:
        """Have no channel opened to these cards any more, for good; how many are new to it. Safe to repeat."""
        ...

    def signer(self, purpose: Purpose) -> BatchSigner:
        """The key that signs now for one purpose."""
        ...


@dataclass(frozen=True, slots=True)
class Bureau:
    """Where an order becomes a card. ``packs`` are named in cover proofs; ``sectors`` are the faces that every new card gets."""

    database: Database
    keys: BureauKeys
    now: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    packs: PacksInForce
    sectors: tuple[int, ...] = (HEALTH, TRANSPORT, COUNTER)

    def identifier(self) -> str:
        """A fresh random 128-bit identifier."""
        return self.entropy(16).hex()
