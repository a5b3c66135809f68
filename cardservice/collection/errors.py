# SPDX-License-Identifier: Apache-2.0
"""A payment, or a question about one, that is refused.

CollectionError
|- SnapRefused              answered to a bank in SNAP's own words: service, case and reason
|- BillerRefused            the biller's own no, before a protocol words it
|  |- NumberUnknown         no member has this payment number
|  |- NumberExpired         the number had an end, and it has passed
|  |- NothingDue            everything is paid, and this channel sells no months ahead
|  |- AmountRefused         not an amount that this bill can be paid with
|  |- PaymentUnknown        nothing was paid under this reference
|  |- PaymentConflict       the reference was used before, for another payment
|  |- PaymentReversed       what was paid was reversed, and is not paid again under its reference
|- PartnerUnknown           no payment partner has this name or secret
|- PartnerSettingWrong      a setting of a bank that can't be meant
|- BankKeyRefused           a bank's public key that is none, or too weak
|- StatementUnreadable      a reconciliation file that can't be read
|- StatementConflict        another file was taken in for this partner and day
`- DifferenceSettled        the difference was resolved before
"""

from cardservice.errors import KartuError


class CollectionError(KartuError):
    """The root of what collection refuses."""

    code = "collection"


class SnapRefused(CollectionError):
    """Answered to a bank as SNAP says; evidence: service, case (both two digits), reason."""

    code = "snap-refused"


class BillerRefused(CollectionError):
    """The root of the biller's own refusals."""

    code = "biller-refused"


class NumberUnknown(BillerRefused):
    """No member has this payment number, nor this NIK."""

    code = "payment-number-unknown"


class NumberExpired(BillerRefused):
    """The payment number had an end, and it has passed."""

    code = "payment-number-expired"


class NothingDue(BillerRefused):
    """Everything through this month is paid; evidence: month."""

    code = "nothing-due"


class AmountRefused(BillerRefused):
    """Not an amount that this bill can be paid with; evidence: least, most (whole rupiah)."""

    code = "payment-amount-refused"


class PaymentUnknown(BillerRefused):
    """Nothing was paid under this reference."""

    code = "payment-unknown"


class PaymentConflict(BillerRefused):
    """The reference was used before, for another amount or member."""

    code = "payment-conflict"


class PaymentReversed(BillerRefused):
    """What was paid under this reference was reversed."""

    code = "payment-reversed"


class PartnerSettingWrong(CollectionError):
    """A setting of a payment partner that can't be meant; evidence: setting, rule."""

    code = "payment-partner-setting"


class BankKeyRefused(CollectionError):
    """A bank's public key that is none, or too weak; evidence: rule."""

    code = "bank-key-refused"
