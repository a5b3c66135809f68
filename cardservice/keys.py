# SPDX-License-Identifier: Apache-2.0
"""What the rest of kartu may ask of keys: typed questions, never a key and never "sign these bytes".

The answers come from the ``hsm`` process (see ``hsm/client/key_process.py``); tests answer with a key store in memory. Static card keys
never appear in these types: a caller sees session keys for one secure channel, and key blocks that only the card can open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

ISSUER_SECTOR = 0x00  # the issuer security domain's own keys, in kjs-div-1's sector byte


# A card's own key version numbers: of the issuer security domain (00), and of each sector.
KeyVersions = Mapping[int, int]


class KeyOrigin(StrEnum):
    """Where a card's static key set comes from (docs/card-edge.md, "Keys on the card")."""

    SCHEME = "scheme"  # kjs-div-1 from the scheme's or the sector's master
    TRANSPORT = "transport"  # the chip supplier's delivery key set, KVN FF


@dataclass(frozen=True, slots=True)
class KeySet:
    """The name of one static SCP03 key set of one card: enough for the hsm to derive it, useless to anyone else.

    ``kdd`` is the 10-byte key diversification data of the INITIALIZE UPDATE response; ``sector`` 00 is the issuer security domain.
    """

    origin: KeyOrigin
    key_version_number: int
    kdd: bytes
    sector: int = ISSUER_SECTOR


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """Session keys and both cryptograms of one SCP03 secure channel (Amendment D, 6.2.1). They live for one dialogue."""

    s_enc: bytes = field(repr=False)
    s_mac: bytes = field(repr=False)
    s_rmac: bytes = field(repr=False)
    card_challenge: bytes
    card_cryptogram: bytes
    host_cryptogram: bytes


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """The question "which session keys": the challenges of both sides, or what predicts the card's.

    Give ``card_challenge`` when the card has spoken, or ``sequence_counter`` and ``aid`` to predict a pseudo-random one
    (Amendment D, 4.1.5.1: KDF constant 02 over counter(3) | AID of the application that opens the channel). A host challenge of
    16 bytes asks for S16 mode, 8 bytes for S8.
    """

    key_set: KeySet
    host_challenge: bytes
    card_challenge: bytes | None = None
    sequence_counter: int | None = None
    aid: bytes = b""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """One static key, encrypted for PUT KEY under the card's present DEK (Amendment D, 7.2), with its check value."""

    length: int  # true key length in bytes: 16, 24 or 32
    ciphertext: bytes
    kcv: bytes  # first 3 bytes of AES-ECB(key, 01 x 16)


class CardKeys(Protocol):
    """The secret side of SCP03: session keys for a card, and new key sets wrapped for it."""

    def session_keys(self, requests: Sequence[SessionRequest]) -> list[SessionKeys]:
        """Answer each request, in order, in one trip to the keys."""
        ...

    def wrapped_key_set(self, new: KeySet, under: KeySet) -> tuple[WrappedKey, WrappedKey, WrappedKey]:
        """ENC, MAC and DEK of ``new``, each encrypted under the DEK of ``under``."""
        ...

    def wrapped_key_set_each(
        self, pairs: Sequence[tuple[KeySet, KeySet]]
    ) -> list[tuple[WrappedKey, WrappedKey, WrappedKey]]:
        """The same for each pair (new, under), in one trip to the keys."""
        ...

    def current_versions(self, sectors: Sequence[int]) -> dict[int, int]:
        """The key version number that a card made now gets in each sector, 00 the issuer's, in one trip to the keys."""
        ...


class Purpose(StrEnum):
    """What a key may be used for. One purpose, one key; none signs or opens for another."""

    CARD_CA = "card-ca"
    ELIGIBILITY_TOKEN = "eligibility-token"  # noqa: S105 - the name of a purpose
    COVER_PROOF = "cover-proof"
    CARD_MASTER = "card-master"
    SECTOR_MASTER = "sector-master"
    TRANSPORT = "transport"
    SEAL = "seal"
    BLIND_INDEX = "blind-index"
    PSEUDONYM = "pseudonym"
    AUDIT = "audit"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """The public half of a signing key: ``kid`` is its name in JWKS and COSE, ``point`` the uncompressed P-256 point (65 bytes)."""

    kid: str
    point: bytes


class Signer(Protocol):
    """A signing key bound to one purpose. The hsm reads what it is given and signs nothing but that purpose's kind of document."""

    @property
    def verifying_key(self) -> VerifyingKey:
        """The public half."""
        ...

    def sign(self, document: bytes) -> bytes:
        """ES256 over the document to be signed; raw r|s, 64 bytes."""
        ...


class AwaitedSigner(Protocol):
    """A Signer for tasks of an event loop, which wait without holding up the others."""

    async def verifying_key(self) -> VerifyingKey:
        """The public half."""
        ...

    async def sign(self, document: bytes) -> bytes:
        """ES256 over the document to be signed; raw r|s, 64 bytes."""
        ...


class Sealer(Protocol):
    """Seals single values at rest (AES-256-GCM). ``context`` names table, column and row, so that a value moved elsewhere does not open."""

    def seal(self, values: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Seal each (context, value)."""
        ...

    def unseal(self, context: str, sealed: bytes, *, reason: str) -> bytes:
        """Open one value. ``reason`` is recorded; there is no way to open many at once."""
        ...


class GrantedPortion(Protocol):
    """Part of a list of sealed values that two officers have granted to be opened, once, from ``opens_at`` until ``ends_at`` (aware)."""

    @property
    def contexts(self) -> Sequence[str]:
        """What it is about, in order."""
        ...

    @property
    def officers(self) -> Sequence[str]:
        """Who signed."""
        ...

    @property
    def opens_at(self) -> datetime:
        """From when."""
        ...

    @property
    def ends_at(self) -> datetime:
        """Until when, not included."""
        ...

    def unseal(self, sealed: Sequence[bytes]) -> list[bytes]:
        """Open the values, in the order of ``contexts``."""
        ...


class PartnerSignatures(Protocol):
    """Compares a partner's keyed signatures where the shared secret lies, so that it lies nowhere else. No answer helps to make one."""

    def matches(self, context: str, sealed: bytes, signed: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is HMAC-SHA512 of ``signed`` under the secret that is sealed under ``context``; False for one of another length."""
        ...


class BlindIndex(Protocol):
    """A keyed fingerprint that finds a value without revealing it: HMAC-SHA-256 cut to 16 bytes."""

    def blind_index(self, values: Sequence[bytes]) -> list[bytes]:
        """Fingerprint each value."""
        ...


class Pseudonyms(Protocol):
    """Pairwise names: one subject has an unrelated 16-byte name in each sector."""

    def pseudonym(self, sector: int, subject: bytes) -> bytes:
        """The subject's name in one sector."""
        ...

    def pseudonym_each(self, sectors: Sequence[int], subject: bytes) -> list[bytes]:
        """The subject's name in each sector, in one trip to the keys."""
        ...
