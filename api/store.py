# SPDX-License-Identifier: Apache-2.0
"""The records as one worker uses them: the hot paths, and the database behind it for callers and health."""

from datetime import datetime

from cardservice.partnership.caller import Caller, authenticate
from cardservice.records import access_tokens, challenges
from cardservice.records.audit_events import AuditEvent, AuditPosition
from cardservice.records.challenges import Challenge
from cardservice.records.database import Database
from cardservice.records.hot_path.payment_store import PaymentStore
from cardservice.records.hot_path.store import Answered, NotAnswered, VerificationStore
from cardservice.records.schema import SchemaVersion, current, head
from cardservice.records.verifications import Verification


class RecordsStore:
    """Implements ``wiring.ServiceStore``."""

    def __init__(self, database: Database, verifications: VerificationStore, payments: PaymentStore) -> None:
        self._database = database
        self._verifications = verifications
        self._payments = payments
        self._needed = head()  # read before the first request

    @property
    def database(self) -> Database:
        """The database itself, for use cases with transactions of their own; it blocks."""
        return self._database

    @property
    def payments(self) -> PaymentStore:
        """The short way of payments."""
        return self._payments

    async def create_challenge(self, challenge: Challenge) -> None:
        """As VerificationStore."""
        await self._verifications.create_challenge(challenge)

    async def answer(
        self, *, challenge_id: str, verifier_id: str, key_thumbprint: bytes, now: datetime
    ) -> Answered | NotAnswered:
        """As VerificationStore."""
        return await self._verifications.answer(
            challenge_id=challenge_id, verifier_id=verifier_id, key_thumbprint=key_thumbprint, now=now
        )

    async def append(self, verification: Verification | None, event: AuditEvent) -> AuditPosition:
        """As VerificationStore."""
        return await self._verifications.append(verification, event)

    async def close(self) -> None:
        """Let connections and threads go."""
        await self._verifications.close()
        await self._payments.close()
        self._database.close()

    def authenticate(self, secret: str, now: datetime) -> Caller:
        """The verifier with this secret; blocks. Raises CallerUnknown."""
        with self._database.read() as connection:
            return authenticate(connection, secret, now)

    def forget_challenges(self, before: datetime) -> int:
        """Delete challenges that expired before a moment; blocks. Returns how many."""
        with self._database.begin() as connection:
            return challenges.forget_expired(connection, before)

    def forget_access_tokens(self, before: datetime) -> int:
        """Delete access tokens that ended before a moment; blocks. Returns how many."""
        with self._database.begin() as connection:
            return access_tokens.forget_expired(connection, before)

    def schema_version(self) -> SchemaVersion:
        """Where the database stands; blocks."""
        return SchemaVersion(current(self._database.engine), self._needed)
