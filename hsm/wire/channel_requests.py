# SPDX-License-Identifier: Apache-2.0
"""Requests about cards: session keys for secure channels, new key sets wrapped for PUT KEY, which version they get, and that a card is revoked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from cardservice.keys import KeyOrigin, KeySet, SessionRequest
from hsm.algorithms.diversification import KDD_LENGTH
from hsm.algorithms.scp03_derivation import S8_LENGTH, S16_LENGTH
from hsm.wire.requests import Request
from hsm.wire.wire_fields import Fields

MAX_CHANNELS = 256
MAX_REVOKED = 1024
MAX_SECTORS = 256
MAX_SEQUENCE_COUNTER = 0xFF_FFFF  # 3 bytes (Amendment D, 4.1.5.1)
AID_LENGTHS = range(5, 17)  # ISO/IEC 7816-4


@dataclass(frozen=True, slots=True)
class OpenSecureChannels(Request):
    """Session keys. Answer: per channel ``[S-ENC, S-MAC, S-RMAC, card challenge, card cryptogram, host cryptogram]``."""

    channels: Sequence[SessionRequest] = field(repr=False)
    operation: ClassVar[str] = "open-secure-channels"

    @property
    def weight(self) -> int:
        """One per channel."""
        return len(self.channels)

    def to_wire(self) -> list[object]:
        """One list per channel."""
        return [[_channel_to_wire(channel) for channel in self.channels]]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """One list per channel."""
        channels = [_channel_from_wire(channel) for channel in fields.each("channels", MAX_CHANNELS)]
        fields.end()
        return cls(channels)


@dataclass(frozen=True, slots=True)
class WrapKeySet(Request):
    """A new key set, encrypted under the DEK of the present one. Answer: ENC, MAC, DEK as ``[length, ciphertext, kcv]`` each."""

    new: KeySet
    under: KeySet
    operation: ClassVar[str] = "wrap-key-set"

    def to_wire(self) -> list[object]:
        """Both names."""
        return [_key_set_to_wire(self.new), _key_set_to_wire(self.under)]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """Both names."""
        new, under = (_key_set_from_wire(fields.inner(name)) for name in ("new", "under"))
        fields.end()
        return cls(new, under)


@dataclass(frozen=True, slots=True)
class ListCurrentMasters(Request):
    """Which masters make new cards' keys now, by sector, 00 the issuer's. Answer: their key version numbers, in the order asked."""

    sectors: Sequence[int]
    operation: ClassVar[str] = "list-current-masters"

    def to_wire(self) -> list[object]:
        """The sectors."""
        return [list(self.sectors)]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """The sectors."""
        sectors = []
        for item in fields.each("sectors", MAX_SECTORS):
            sectors.append(item.number("sector", 0xFF))
            item.end()
        fields.end()
        return cls(sectors)


@dataclass(frozen=True, slots=True)
class RevokeCards(Request):
    """Open no channel to these cards any more; there is no way back. Answer: how many were not revoked before."""

    kdds: Sequence[bytes]
    reason: str
    operation: ClassVar[str] = "revoke-cards"

    @property
    def weight(self) -> int:
        """One per card."""
        return len(self.kdds)

    def to_wire(self) -> list[object]:
        """KDDs and reason."""
        return [list(self.kdds), self.reason]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """KDDs and reason."""
        kdds = []
        for item in fields.each("KDDs", MAX_REVOKED):
            kdds.append(item.octets("KDD", (KDD_LENGTH,)))
            item.end()
        request = cls(kdds, fields.note("reason"))
        fields.end()
        return request


def _channel_to_wire(channel: SessionRequest) -> list[object]:
    return [
        _key_set_to_wire(channel.key_set),
        channel.host_challenge,
        channel.card_challenge,
        channel.sequence_counter,
        channel.aid,
    ]


def _channel_from_wire(fields: Fields) -> SessionRequest:
    key_set = _key_set_from_wire(fields.inner("key set"))
    host_challenge = fields.octets("host challenge", (S8_LENGTH, S16_LENGTH))
    if fields.absent():
        card_challenge = None
        counter: int | None = fields.number("sequence counter", MAX_SEQUENCE_COUNTER)
        aid = fields.octets("AID", AID_LENGTHS)
    else:
        card_challenge = fields.octets("card challenge", (len(host_challenge),))
        if not fields.absent():
            raise fields.refuse("either a card challenge or a sequence counter that predicts it")
        counter = None
        aid = fields.octets("AID", (0, *AID_LENGTHS))
    fields.end()
    return SessionRequest(key_set, host_challenge, card_challenge, counter, aid)


def _key_set_to_wire(key_set: KeySet) -> list[object]:
    return [str(key_set.origin), key_set.key_version_number, key_set.kdd, key_set.sector]


def _key_set_from_wire(fields: Fields) -> KeySet:
    key_set = KeySet(
        KeyOrigin(fields.word("origin", tuple(KeyOrigin))),
        fields.number("key version number", 0xFF),
        fields.octets("KDD", (KDD_LENGTH,)),
        fields.number("sector", 0xFF),
    )
    fields.end()
    return key_set
