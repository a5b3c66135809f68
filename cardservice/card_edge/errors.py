# SPDX-License-Identifier: Apache-2.0
"""What a card said, or failed to say.

CardEdgeError
|- MalformedTlv          bytes that are no BER-TLV within our limits
|- MalformedApdu         bytes that are no APDU
|- UnexpectedStatusWord  the card answered, but not what the step needs
|- UnexpectedResponse    the status word was right, the data was not what was predicted or asked
|- ResponseTooLong       a GET RESPONSE loop that does not end within our limits
|- SecureChannelError
|  |- CardNotAuthentic   the card cryptogram is wrong: not the keys we expect
|  |- SecureMessagingBroken  a response without a right MAC: the channel is gone for good
|  `- SecureChannelAborted   use of a channel that is gone
|- PinRefused            wrong PIN or PUK, with the tries that are left
|- MalformedPin          a PIN or PUK that no card would take: refused before it costs a try
|- UnwritableContent     content that no card of ours can hold: refused before it is sent
|- TapNotProven          a tap whose signature is not the sector key's
`- CardUnusable          the card can't be what the dialogue needs (life cycle, chip, missing application)
"""

from cardservice.errors import KartuError


class CardEdgeError(KartuError):
    """The root of what can go wrong with a card."""

    code = "card-edge"


class MalformedTlv(CardEdgeError):
    """Bytes that are no BER-TLV within our limits; evidence: rule, offset."""

    code = "card-tlv-malformed"


class MalformedApdu(CardEdgeError):
    """Bytes that are no APDU; evidence: rule."""

    code = "card-apdu-malformed"


class UnexpectedStatusWord(CardEdgeError):
    """The card answered, but not what the step needs; evidence: step, sw, meaning."""

    code = "card-status-word"


class UnexpectedResponse(CardEdgeError):
    """The data of a response is not what was predicted or asked; evidence: step, rule."""

    code = "card-response-unexpected"


class ResponseTooLong(CardEdgeError):
    """A GET RESPONSE loop past MAX_GET_RESPONSES or MAX_RESPONSE_LENGTH; evidence: limit."""

    code = "card-response-too-long"


class SecureChannelError(CardEdgeError):
    """The root of what can go wrong with SCP03."""

    code = "card-secure-channel"


class CardNotAuthentic(SecureChannelError):
    """The card cryptogram does not follow from the keys this card should hold; evidence: key_version_number."""

    code = "card-not-authentic"


class SecureMessagingBroken(SecureChannelError):
    """A response without a right R-MAC, or a broken cipher text; evidence: rule."""

    code = "card-secure-messaging-broken"


class SecureChannelAborted(SecureChannelError):
    """Use of a secure channel after it broke."""

    code = "card-secure-channel-aborted"


class PinRefused(CardEdgeError):
    """Wrong PIN or PUK; evidence: attempts_remaining (0 = blocked)."""

    code = "card-pin-refused"


class MalformedPin(CardEdgeError):
    """A PIN or PUK that no card would take, refused before it costs a try; evidence: rule."""

    code = "card-pin-malformed"


class UnwritableContent(CardEdgeError):
    """Content that no card of ours can hold, refused before it is sent; evidence: step, rule."""

    code = "card-content-unwritable"


class TapNotProven(CardEdgeError):
    """A tap whose signature does not verify under the sector key of the cover proof; evidence: rule."""

    code = "card-tap-not-proven"


class CardUnusable(CardEdgeError):
    """The card can't be what the dialogue needs; evidence: rule."""

    code = "card-unusable"
