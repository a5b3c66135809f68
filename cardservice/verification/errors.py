# SPDX-License-Identifier: Apache-2.0
"""A challenge or presence proof that is refused.

VerificationError
|- QuestionRefused       a question that this verifier may not ask, or not so
|  |- PurposeNotOpen     the disclosure table has no row for this kind of verifier and this purpose
|  |- ServiceDateRefused a day too far from today
|  `- EventMomentRefused an event that has not happened, or on another day than the one named
|- ChallengeNotValid     unknown, used, expired or not for this verifier, terminal and purpose: outsiders are not told which
|- RenewalRefused        no renewal of a cover proof follows from this receipt, or not with these answers
`- PresenceRefused
   |- CoverProofRefused  not a cover proof that the scheme signed
   |- TapRefused         no signature of the card's key over this challenge: a copy, a replay, another terminal
   `- CardNotValid       a key that belongs to no active card: outsiders are not told which
"""

from cardservice.errors import KartuError


class VerificationError(KartuError):
    """The root of what keeps a card from being verified."""

    code = "verification"


class QuestionRefused(VerificationError):
    """The root of questions that are not answered."""

    code = "question-refused"


class PurposeNotOpen(QuestionRefused):
    """This kind of verifier learns nothing for this purpose; evidence: kind, purpose."""

    code = "purpose-not-open"


class ServiceDateRefused(QuestionRefused):
    """The day asked about is too far from today; evidence: earliest, latest."""

    code = "service-date-refused"


class EventMomentRefused(QuestionRefused):
    """The moment asked about is not one of an event on that day; evidence: rule (past, day)."""

    code = "event-moment-refused"


class ChallengeNotValid(VerificationError):
    """The challenge can't be answered here and now; evidence: rule, for our own log only."""

    code = "challenge-not-valid"


class RenewalRefused(VerificationError):
    """No new cover proof for this card through this desk now; evidence: rule, for our own log only."""

    code = "renewal-refused"


class PresenceRefused(VerificationError):
    """The root of presence proofs that prove nothing; evidence: rule, receipt_id of the record that was made."""

    code = "presence-refused"


class CoverProofRefused(PresenceRefused):
    """The bytes presented are no cover proof of the scheme; evidence: rule, receipt_id."""

    code = "cover-proof-refused"


class TapRefused(PresenceRefused):
    """The signature is not that of the cover proof's key over this challenge; evidence: rule, receipt_id."""

    code = "tap-refused"


class CardNotValid(PresenceRefused):
    """The proven key belongs to no active card in this sector; evidence: rule, for our own log only, receipt_id."""

    code = "card-not-valid"
