# SPDX-License-Identifier: Apache-2.0
"""A write that the constraints refuse, or a database that can't answer.

RecordsError
|- DatabaseUnsupported    an address that names neither SQLite nor PostgreSQL
|- DatabaseUnavailable    the database does not answer
|- DatabaseBehind         the tables are older than this program, or not there
|- TimeNotUtc             a moment without a time zone
|- NotCanonical           a value that canonical JSON can't carry
|- RecordNotFound         no such row
|- ConstraintRefused      a constraint that has no more telling name below
|  |- MemberExists        the external reference or the NIK belongs to a member already
|  |- IntermediaryExists  the intermediary's code is taken
|  |- MemberHasLiveCard   one live card per member
|  |- ChipExists          the chip serial is in stock already
|  |- PublicKeySeen       a public key that another card or slot holds already
|  |- CertificateConflict a second certificate, or a serial number used before
|  |- StandingConflict    a face, key or status list place that is taken
|  |- ApproverIsOrderer   nobody approves an order of their own
|  |- AlreadyApproved     the same person, twice
|  |- AlreadyAccepted     an answer of the population registry that a person accepted before
|  |- JournalConflict     two writers on one card
|  |- VerificationConflict a challenge, receipt or token written down twice
|  |- BankExists          a bank's name, client or partnerServiceId that is taken
|  |- PpobPartnerExists   the aggregator is there already
|  |- PartnerNameTaken    the name belongs to a payment partner of another kind
|  |- PaymentNumberTaken  the number, or the member, has one already
|  |- PaymentExists       the partner used the reference before
|  |- PaymentReversedBefore a payment is reversed once
|  `- StatementTaken      the partner's statement for the day is there already
|- IdempotencyConflict    the key was used before, for another request
|- StateConflict          the row is not in the state the step starts from
`- PlanConflict           an order has one plan, and this is another
"""

from cardservice.errors import KartuError


class RecordsError(KartuError):
    """The root of what records refuse."""

    code = "records"


class DatabaseUnsupported(RecordsError):
    """An address that names neither a SQLite file nor PostgreSQL; evidence: scheme, rule."""

    code = "database-unsupported"


class DatabaseUnavailable(RecordsError):
    """The database does not answer; evidence: kind."""

    code = "database-unavailable"


class DatabaseBehind(RecordsError):
    """The tables are older than this program, or not there; evidence: kind."""

    code = "schema-behind"


class TimeNotUtc(RecordsError):
    """A moment without a time zone would mean something else on every machine."""

    code = "time-not-utc"


class NotCanonical(RecordsError):
    """A value that canonical JSON can't carry; evidence: kind."""

    code = "not-canonical"


class RecordNotFound(RecordsError):
    """No such row; evidence: record."""

    code = "record-not-found"


class ConstraintRefused(RecordsError):
    """A constraint refused the write; evidence: constraint."""

    code = "constraint-refused"


class MemberExists(ConstraintRefused):
    """The external reference or the NIK belongs to a member already; evidence: field."""

    code = "member-exists"


class IntermediaryExists(ConstraintRefused):
    """The intermediary's code is taken; evidence: intermediary."""

    code = "intermediary-exists"


class MemberHasLiveCard(ConstraintRefused):
    """A member has one live card at most; evidence: member_id."""

    code = "member-has-live-card"


class ChipExists(ConstraintRefused):
    """The chip is in stock already; evidence: chip_serial."""

    code = "chip-exists"


class PublicKeySeen(ConstraintRefused):
    """The public key, or the place for it, is taken: a fault of the chip or a copy; evidence: card_id, slot."""

    code = "public-key-seen"


class CertificateConflict(ConstraintRefused):
    """The serial number was used, or this key has a certificate already; evidence: card_id, slot."""

    code = "certificate-conflict"


class StandingConflict(ConstraintRefused):
    """A face, key or status list place that is taken; evidence: field."""

    code = "standing-conflict"


class ApproverIsOrderer(ConstraintRefused):
    """Nobody approves an order of their own; evidence: order_id."""

    code = "approver-is-orderer"


class AlreadyApproved(ConstraintRefused):
    """The same person approves once; evidence: order_id."""

    code = "already-approved"


class AlreadyAccepted(ConstraintRefused):
    """An answer of the population registry is accepted once."""

    code = "already-accepted"


class JournalConflict(ConstraintRefused):
    """Two writers on one card; evidence: card_id."""

    code = "journal-conflict"


class VerificationConflict(ConstraintRefused):
    """A challenge, receipt or token written down twice; evidence: field."""

    code = "verification-conflict"


class BankExists(ConstraintRefused):
    """A bank's name, client or partnerServiceId that is taken; evidence: field."""

    code = "bank-exists"


class PpobPartnerExists(ConstraintRefused):
    """The aggregator is there already; evidence: partner_id."""

    code = "ppob-partner-exists"


class PartnerNameTaken(ConstraintRefused):
    """The name belongs to a payment partner of another kind; evidence: partner_id."""

    code = "partner-name-taken"


class PaymentNumberTaken(ConstraintRefused):
    """The number is somebody's, or the member has an open one; evidence: field."""

    code = "payment-number-taken"


class PaymentExists(ConstraintRefused):
    """The partner used the reference before; evidence: reference."""

    code = "payment-exists"


class PaymentReversedBefore(ConstraintRefused):
    """A payment is reversed once; evidence: payment_id."""

    code = "payment-reversed-before"


class StatementTaken(ConstraintRefused):
    """The partner's statement for the day is there already; evidence: day."""

    code = "statement-taken"


class IdempotencyConflict(RecordsError):
    """The idempotency key was used before, for another request; evidence: idempotency_key."""

    code = "idempotency-conflict"


class StateConflict(RecordsError):
    """The row is not in the state that the step starts from; evidence: record, expected, found."""

    code = "state-conflict"


class PlanConflict(RecordsError):
    """An order has one plan, and this is another; evidence: order_id."""

    code = "plan-conflict"
