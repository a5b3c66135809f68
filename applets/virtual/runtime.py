# SPDX-License-Identifier: Apache-2.0
"""What a command handler works with: the memories, the interface, randomness, and the demands it may make."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec

from applets.virtual.chip import Application, Chip
from applets.virtual.errors import Refused
from applets.virtual.image import Image
from applets.virtual.p256 import new_scalar
from applets.virtual.scp03.secure_channel import C_ENC, C_MAC, SecureChannel
from applets.virtual.transient import Transient
from cardservice.card_edge.status_word import StatusWord

Entropy = Callable[[int], bytes]


class Interface(StrEnum):
    """How the chip is reached."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"


@dataclass(slots=True)
class Runtime:
    """One powered card."""

    image: Image
    interface: Interface
    entropy: Entropy
    delay: Callable[[float], None]
    transient: Transient = field(default_factory=Transient)
    _key_objects: dict[bytes, ec.EllipticCurvePrivateKey] = field(default_factory=dict, repr=False)

    @property
    def chip(self) -> Chip:
        """The chip as last committed."""
        return self.image.chip

    @property
    def application(self) -> Application | None:
        """The selected instance, None for the ISD."""
        return self.chip.application(self.transient.selected)

    @property
    def contactless(self) -> bool:
        """Whether the card is reached through the air."""
        return self.interface is Interface.CONTACTLESS

    def demand_authenticated(self) -> SecureChannel:
        """The open channel, at any level. Raises Refused(6982)."""
        if self.transient.channel is None:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        return self.transient.channel

    def demand_mac(self) -> SecureChannel:
        """The open channel, commands protected by C-MAC. Raises Refused(6982)."""
        return self._demand(C_MAC)

    def demand_encryption(self) -> SecureChannel:
        """The open channel, commands protected by C-MAC and C-ENC: what applications ask for writes (docs/card-edge.md)."""
        return self._demand(C_MAC | C_ENC)

    def _demand(self, bits: int) -> SecureChannel:
        channel = self.demand_authenticated()
        if channel.level & bits != bits:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        return channel

    def new_scalar(self) -> bytes:
        """A fresh P-256 private key."""
        return new_scalar(self.entropy)

    def private_key(self, scalar: bytes) -> ec.EllipticCurvePrivateKey:
        """The key object of a scalar; kept, since making one costs as much as a signature."""
        key = self._key_objects.get(scalar)
        if key is None:
            key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
            self._key_objects[scalar] = key
        return key
