# SPDX-License-Identifier: Apache-2.0
"""The stores of the hot paths that belong to a database's address."""

from cardservice.records.database import parse_address
from cardservice.records.hot_path.payment_store import PaymentStore
from cardservice.records.hot_path.sqlite_payments import open_sqlite_payments
from cardservice.records.hot_path.sqlite_store import open_sqlite_store
from cardservice.records.hot_path.store import VerificationStore


async def open_verification_store(url: str) -> VerificationStore:
    """Open the store for ``sqlite:///path`` or ``postgresql://user@host/name``. Raises DatabaseUnsupported, DatabaseUnavailable."""
    if parse_address(url).get_backend_name() == "sqlite":
        return await open_sqlite_store(url)
    # asyncpg comes with the extra "postgres" and is not needed embedded.
    from cardservice.records.hot_path.postgresql_store import open_postgresql_store  # noqa: PLC0415 - see above

    return await open_postgresql_store(url)


async def open_payment_store(url: str) -> PaymentStore:
    """The same for payments: connections or a thread of its own."""
    if parse_address(url).get_backend_name() == "sqlite":
        return await open_sqlite_payments(url)
    from cardservice.records.hot_path.postgresql_payments import (  # noqa: PLC0415 - asyncpg, an extra
        open_postgresql_payments,
    )

    return await open_postgresql_payments(url)
