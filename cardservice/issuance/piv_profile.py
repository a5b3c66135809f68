# SPDX-License-Identifier: Apache-2.0
"""The PIV objects that every card of ours carries, besides its four certificates (docs/card-edge.md, "PIV")."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from cardservice.card_edge.piv.ccc import UNIQUE_LENGTH, card_capability_container
from cardservice.card_edge.piv.chuid import GUID_LENGTH, Chuid
from cardservice.card_edge.piv.discovery import Discovery
from cardservice.card_edge.piv.key_history import KeyHistory
from cardservice.card_edge.piv.object import (
    CARD_CAPABILITY_CONTAINER,
    CHUID,
    DISCOVERY,
    KEY_HISTORY,
    PRINTED_INFORMATION,
)
from cardservice.card_edge.piv.printed_information import LIMITS, PrintedInformation

AFFILIATION = "PESERTA JAMSOSTEK"
ISSUER = "KARTU-ID"
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NAME = 0x01
_REFERENCE_LENGTH = 8


@dataclass(frozen=True, slots=True)
class PivIdentity:
    """What tells one card's PIV objects from another's. All of it is random but the holder's name, which the PIN guards."""

    guid: bytes
    card_identifier: bytes
    holder_reference: str

    @classmethod
    def new(cls, entropy: Callable[[int], bytes]) -> "PivIdentity":
        """Fresh random names for one card."""
        guid, card_identifier = entropy(GUID_LENGTH), entropy(UNIQUE_LENGTH)
        # Sixteen decimal digits could be a NIK, which no certificate may show; one draw in 1,845 is that.
        while (drawn := entropy(_REFERENCE_LENGTH).hex()).isdecimal():
            pass
        return cls(guid, card_identifier, f"KJS-{drawn.upper()}")


def piv_objects(identity: PivIdentity, *, holder_name: str, expires: date) -> dict[int, bytes]:
    """Tag to content. A name longer than the printed line is cut at a character, as on the plastic."""
    printed = PrintedInformation(
        name=_cut(holder_name, LIMITS[_NAME]),
        affiliation=AFFILIATION,
        expires=f"{expires.year:04d}{_MONTHS[expires.month - 1]}{expires.day:02d}",
        card_serial=identity.holder_reference,
        issuer=ISSUER,
    )
    return {
        CHUID.tag: Chuid(identity.guid, expires).encode(),
        CARD_CAPABILITY_CONTAINER.tag: card_capability_container(identity.card_identifier),
        DISCOVERY.tag: Discovery().encode(),
        KEY_HISTORY.tag: KeyHistory().encode(),
        PRINTED_INFORMATION.tag: printed.encode(),
    }


def _cut(text: str, limit: int) -> str:
    return text.encode("utf-8")[:limit].decode("utf-8", "ignore")
