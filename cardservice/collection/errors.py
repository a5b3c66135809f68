# SPDX-License-Identifier: Apache-2.0
"""A payment, or a question about one, that is refused.

CollectionError
|- SnapRefused              answered to a bank in SNAP's own words: service, case and reason
|- BodyMalformed            a body that is no strict JSON object
|- PpobRefused              answered to an aggregator in its own words: code and field
|- BillerRefused            the biller's own no, before a protocol words it
|  |- NumberUnknown         no member has this payment number
|  |- NumberExpired         the number had an end, and it has passed
|  |- NothingDue            everything is paid, and this channel sells no months ahead
|  |- AmountRefused         not an amount that this bill can be paid with
|  |- PaymentUnknown        nothing was paid under this reference
|  |- PaymentConflict       the reference was used before, for another payment
|  |- PaymentReversed       what was paid was reversed, and is not paid again under its reference
|  `- InquiryUnknown        no inquiry of today under this reference
|- PartnerSettingWrong      a setting of a bank that can't be meant
|- BankKeyRefused           a bank's public key that is none, or too weak
|- StatementUnreadable      a statement that can't be read
|- StatementConflict        another statement was taken in for this partner and day
|- CollectionOutOfScope     an intermediary may not collect, or not for this member
|- ReferenceConflict        a reference was used before, for something else
|- MoneyBounced             a sum or a remittance whose money went back is told again
|- ReceiptIsVoid            cash is told again under a receipt that was made void
|- PartOfAWhole             a payment that is taken back only together with its bill or receipt
|- GroupListUnreadable      a group's list that can't be read
|- GroupSumMismatch         a sum that is not the bill's, where the payer's policy refuses it
|- MonthsNotMovable         months that can't go from a leaver to a joiner
|- AgentStopped             an agent takes no new cash: too much held, too long, or no activity
|- RemittanceTooHigh        an agent hands over more than it holds
|- RulePackAltered          the number of a rule pack was another document's here
`- RulePackGone             a rule pack that decided here is in the folder no more
"""

from cardservice.errors import KartuError


class CollectionError(KartuError):
    """The root of what collection refuses."""

    code = "collection"


class SnapRefused(CollectionError):
    """Answered to a bank as SNAP says; evidence: case, reason."""

    code = "snap-refused"


class BodyMalformed(CollectionError):
    """A body that is no strict JSON object."""

    code = "payment-body-malformed"


class PpobRefused(CollectionError):
    """Answered to an aggregator; evidence: case, field."""

    code = "ppob-refused"


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


class InquiryUnknown(BillerRefused):
    """No inquiry was made today under this reference, about this member."""

    code = "inquiry-unknown"


class PartnerSettingWrong(CollectionError):
    """A setting of a payment partner that can't be meant; evidence: setting, rule."""

    code = "payment-partner-setting"


class BankKeyRefused(CollectionError):
    """A bank's public key that is none, or too weak; evidence: rule."""

    code = "bank-key-refused"


class StatementUnreadable(CollectionError):
    """A statement that can't be read; evidence: line, field, rule."""

    code = "statement-unreadable"


class StatementConflict(CollectionError):
    """Another statement was taken in for this partner and day; evidence: partner, day."""

    code = "statement-conflict"


class CollectionOutOfScope(CollectionError):
    """An intermediary may not collect, or not for this member; evidence: intermediary, at (whose rule stands against it), ground."""

    code = "collection-out-of-scope"


class ReferenceConflict(CollectionError):
    """A reference of a group or an agent was used before, for something else; evidence: reference, kept, asked."""

    code = "reference-conflict"


class MoneyBounced(CollectionError):
    """A sum or a remittance whose money went back is told again; evidence: reference, reason."""

    code = "money-bounced"


class ReceiptIsVoid(CollectionError):
    """Cash is told again under a receipt that was made void; evidence: intermediary, number, reason."""

    code = "receipt-is-void"


class PartOfAWhole(CollectionError):
    """A payment of a group or an agent, which is taken back only with its bill or receipt; evidence: channel, reference."""

    code = "payment-part-of-a-whole"


class GroupListUnreadable(CollectionError):
    """A group's list that can't be read; evidence: rule."""

    code = "group-list-unreadable"


class GroupSumMismatch(CollectionError):
    """The sum is not the bill's, and the policy is to refuse; evidence: bill, due, paid, difference (whole rupiah, below nothing: short)."""

    code = "group-sum-mismatch"


class MonthsNotMovable(CollectionError):
    """Months that can't go from a leaver to a joiner; evidence: rule (a word), month."""

    code = "months-not-movable"


class AgentStopped(CollectionError):
    """An agent takes no new cash; evidence: intermediary, ground."""

    code = "agent-stopped"


class RemittanceTooHigh(CollectionError):
    """An agent hands over more than it holds; evidence: intermediary, held, rupiah."""

    code = "remittance-too-high"


class RulePackAltered(CollectionError):
    """The number of a rule pack was another document's here; evidence: number, name, known_from."""

    code = "rule-pack-altered"


class RulePackGone(CollectionError):
    """A rule pack whose day has come, and that is known here, is in the folder no more; evidence: number, name, dated."""

    code = "rule-pack-gone"
