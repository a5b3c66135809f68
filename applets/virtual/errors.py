# SPDX-License-Identifier: Apache-2.0
"""What can go wrong around a software card, and the one error inside it.

VirtualCardError
|- CardTorn         the card left the reader in the middle of a command (a drill, or a cut inside a write)
|- CardUnpowered    a command to a card without power
|- ImageUnreadable  the image file is missing, damaged or of another kind
`- Refused          inside the card only: a handler's status word on its way to the answer
"""

from cardservice.card_edge.status_word import StatusWord
from cardservice.errors import KartuError


class VirtualCardError(KartuError):
    """The root of what can go wrong with a software card."""

    code = "virtual-card"


class CardTorn(VirtualCardError):
    """The card left the field; evidence: mode (before, after, write). Drivers say "card removed"."""

    code = "virtual-card-torn"


class CardUnpowered(VirtualCardError):
    """A command to a card without power: reset it first."""

    code = "virtual-card-unpowered"


class ImageUnreadable(VirtualCardError):
    """The image is missing or damaged; evidence: path, rule."""

    code = "virtual-card-image"


class Refused(VirtualCardError):
    """A command ends with this status word; evidence: sw. Never leaves the card."""

    code = "virtual-card-refused"

    def __init__(self, sw: int = StatusWord.EXECUTION_ERROR) -> None:
        super().__init__(sw=sw)
        self.sw = int(sw)
