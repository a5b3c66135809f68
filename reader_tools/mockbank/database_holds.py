# SPDX-License-Identifier: Apache-2.0
"""Holding, in the database of a service under trial, what it needs for an answer (PostgreSQL). Nothing is changed: each transaction is rolled back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from cardservice.coverage.civil_time import civil_day
from cardservice.records import banks, members, payment_numbers, snap_requests
from cardservice.records.connection import Connection
from cardservice.records.database import Database


@dataclass(frozen=True, slots=True)
class DatabaseHolds:
    """Implements ``acceptance.Holds``."""

    opened: Database
    partner_id: str
    number: str
    now: Callable[[], datetime]

    @contextmanager
    def member(self) -> Iterator[None]:
        """The row of the member with the payment number."""
        with self._undone() as connection:
            known = payment_numbers.find(connection, self.number)
            if known is not None:
                members.lock(connection, known.member_id)
            yield

    @contextmanager
    def external_id(self, value: str) -> Iterator[None]:
        """A request under this X-EXTERNAL-ID that is not answered yet."""
        with self._undone() as connection:
            at = self.now()
            snap_requests.begin(
                connection, self.partner_id, civil_day(at), value, service="24", request_id="held", at=at
            )
            yield

    @contextmanager
    def database(self) -> Iterator[None]:
        """The table of banks, which every answer begins with."""
        with self._undone() as connection:
            banks.hold(connection)
            yield

    @contextmanager
    def _undone(self) -> Iterator[Connection]:
        with self.opened.begin() as connection:
            try:
                yield connection
            finally:
                connection.rollback()
