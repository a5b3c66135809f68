# SPDX-License-Identifier: Apache-2.0
"""What is to be written to one card, decided before the first byte is sent."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.keys import KeyVersions

ISSUER_KEY_VERSIONS = range(0x30, 0x40)  # GPC_GUI_010: SCP03 key sets are 30 to 3F
TRANSPORT_KEY_VERSION = 0xFF
PIV_SLOTS = (
    KeyReference.AUTHENTICATION,
    KeyReference.SIGNATURE,
    KeyReference.KEY_MANAGEMENT,
    KeyReference.CARD_AUTHENTICATION,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The objects, sectors and secrets of one card. ``piv_objects`` maps an object's tag to the content of its 53 (or 7E) template."""

    piv_objects: Mapping[int, bytes]
    sectors: tuple[int, ...]
    pin: bytes = field(repr=False)  # 6 to 8 digits, not padded
    puk: bytes = field(repr=False)  # 8 bytes


@dataclass(frozen=True, slots=True)
class CardPublicKeys:
    """The keys that the card made, as uncompressed P-256 points (65 bytes), by PIV slot and by sector."""

    piv: Mapping[KeyReference, bytes]
    sectors: Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the issuer answers to a card's public keys: a certificate (DER) per PIV slot, a cover proof per sector."""

    certificates: Mapping[KeyReference, bytes]
    cover_proofs: Mapping[int, bytes]


Certify = Callable[["ChipFacts", CardPublicKeys], Credentials]


@dataclass(frozen=True, slots=True)
class ChipFacts:
    """What a card says of itself before anything is written."""

    chip_serial: str  # ICFabricator | ICType | ICbatch | ICserial of the CPLC, hexadecimal
    kdd: bytes
    pseudo_random: bool  # i bit 10: the card's side of INITIALIZE UPDATE can be predicted
    key_versions: frozenset[int]

    @property
    def blank(self) -> bool:
        """Whether only the supplier's transport keys are on the chip."""
        return not issuer_versions(self.key_versions)


# Says which key version numbers the card has, or is to get: they stay the same however often it is torn and resumed.
Bind = Callable[[ChipFacts], KeyVersions]


def issuer_versions(versions: Iterable[int]) -> list[int]:
    """Those of a chip's key version numbers that are the issuer's, not the supplier's, in order."""
    return sorted(version for version in versions if version in ISSUER_KEY_VERSIONS)


@dataclass(frozen=True, slots=True)
class Personalized:
    """A card that was written, read back, and that signed live under everything that was written."""

    chip: ChipFacts
    public_keys: CardPublicKeys
    credentials: Credentials
    objects_sha256: str  # over every object read back, in tag order
