# SPDX-License-Identifier: Apache-2.0
"""An order or card that may not go on.

IssuanceError
|- IdentityMismatch    the population registry knows this member otherwise
|- OrderNotReady       the order is not approved by two people, or is done or void
|- ChipNotInStock      no delivery lists this chip
|- ChipNotBlank        a chip from stock that holds keys already: it is not what the supplier delivered
|- CardForAnotherOrder the card was begun for another order, or the order on another card
|- StateNotAllowed     a change of state that stands in no allow-list
|- CardNotLive         a card that is not in use gets no new cover proof
|- KeysNotTold         a card is revoked, and the key process does not know it yet
`- NoStatusPlace       no free place was found in the status lists
"""

from cardservice.errors import KartuError


class IssuanceError(KartuError):
    """The root of what can go wrong between an order and a live card."""

    code = "issuance"


class IdentityMismatch(IssuanceError):
    """The population registry knows this member otherwise, so no new card is made; evidence: state."""

    code = "member-identity-mismatch"


class OrderNotReady(IssuanceError):
    """The order's state does not allow personalization; evidence: order_id, state."""

    code = "order-not-ready"


class ChipNotInStock(IssuanceError):
    """No delivery lists this chip; evidence: chip_serial."""

    code = "chip-not-in-stock"


class ChipNotBlank(IssuanceError):
    """A chip from stock that holds other than transport keys; evidence: chip_serial."""

    code = "chip-not-blank"


class CardForAnotherOrder(IssuanceError):
    """Card and order do not belong together; evidence: order_id."""

    code = "card-for-another-order"


class StateNotAllowed(IssuanceError):
    """A change that stands in no allow-list; evidence: before, after, mover."""

    code = "card-state-not-allowed"


class CardNotLive(IssuanceError):
    """A card that is not in use gets no new cover proof; evidence: chip_serial, state."""

    code = "card-not-live"


class KeysNotTold(IssuanceError):
    """The records say revoked, the key process could not be told; evidence: why, the code of what went wrong."""

    code = "keys-not-told"


class NoStatusPlace(IssuanceError):
    """Every place that was tried is taken; evidence: tries."""

    code = "no-status-place"
