# SPDX-License-Identifier: Apache-2.0
"""What a bank's request asks of the database on the short way: who calls, what is owed, and one payment with all that it changes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from cardservice.records.audit_events import AuditEvent
from cardservice.records.banks import Bank
from cardservice.records.ledger_change import LedgerChange
from cardservice.records.member_months import MemberMonth
from cardservice.records.members import Member
from cardservice.records.payment_allocations import AllocationRow
from cardservice.records.payments import PaymentRow

LOCK_PATIENCE_MS = (
    250  # for another transaction about the same member: who waits longer does so elsewhere, and holds up nobody here
)

BUSY_PATIENCE_MS = 10_000  # for SQLite's one writer, where it is another process or the long way


@dataclass(frozen=True, slots=True)
class Claim:
    """The X-EXTERNAL-ID that a request uses up: one row of snap_requests."""

    partner_id: str
    day: date
    external_id: str
    service: str
    request_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """How a request was answered: the outcome beside its claim."""

    response_code: str
    answer: str


@dataclass(frozen=True, slots=True)
class Opened:
    """Whom a payment number belongs to, and everything that was paid for that member."""

    member: Member
    shown_name: str
    expires_at: datetime | None
    payments: tuple[
        tuple[PaymentRow, datetime | None], ...
    ]  # oldest first; beside each when we came to know of its reversal
    months: tuple[MemberMonth, ...]  # by programme and month
    parts: tuple[AllocationRow, ...]


@dataclass(frozen=True, slots=True)
class Credit:
    """A payment and all that is written with it."""

    payment: PaymentRow
    change: LedgerChange
    event: AuditEvent


Decide = Callable[[Opened], tuple[Told, Credit] | None]


class PaymentStore(Protocol):
    """One contract, tested on both databases. Every call is one transaction, durable when it returns.

    All of it is the short way of what the records do at length (``snap_requests``, ``payments``, ``ledger_change``), for a request that
    nothing stands against. Where something does, None is returned or raised, nothing has been written, and the long way finds out what it is.
    """

    async def bank(self, partner_id: str, token_sha256: bytes) -> tuple[Bank | None, datetime | None]:
        """As access_tokens.with_bank()."""
        ...

    async def open(self, number: str) -> Opened | None:
        """What is owed under a payment number; None where there is no such number. Locks nothing."""
        ...

    async def keep(self, claim: Claim, told: Told) -> bool:
        """Write down a request that changed nothing else; False where its X-EXTERNAL-ID was used that day."""
        ...

    async def credit(self, claim: Claim, number: str, decide: Decide) -> Told | None:
        """Claim the X-EXTERNAL-ID, lock the member, read the ledger, let ``decide`` say what it comes to, write that: all or nothing.

        None where the X-EXTERNAL-ID or the payment's reference is taken, the number is unknown, the member locked by another for longer than
        LOCK_PATIENCE_MS, or ``decide`` gives None. What ``decide`` raises ends it. ``decide`` must not block, and touches no records.
        """
        ...

    async def close(self) -> None:
        """Let connections and threads go."""
        ...
