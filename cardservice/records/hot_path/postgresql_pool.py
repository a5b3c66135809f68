# SPDX-License-Identifier: Apache-2.0
"""A pool of asyncpg connections for a hot path, and the driver's failures as errors of ours."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from cardservice.records.database import parse_address
from cardservice.records.errors import DatabaseBehind, DatabaseUnavailable
from cardservice.records.hot_path.rows import refusal_of

MIN_CONNECTIONS = 1
TIMEOUT_S = 10.0


async def open_pool(url: str, *, most: int, settings: Mapping[str, str]) -> Any:
    """Connect; ``settings`` are the server's, for every connection. Raises DatabaseUnsupported, DatabaseUnavailable."""
    address = parse_address(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        return await asyncpg.create_pool(
            address,
            min_size=MIN_CONNECTIONS,
            max_size=most,
            timeout=TIMEOUT_S,
            command_timeout=TIMEOUT_S,
            server_settings=dict(settings),
            # Statements leave nothing behind in a session, so that the pool's reset query at each release is a trip for nothing.
            reset=_nothing_to_reset,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as failed:
        raise DatabaseUnavailable(kind="postgresql", error=type(failed).__name__) from failed


@asynccontextmanager
async def translated(pool: Any) -> AsyncIterator[Any]:
    """One connection. Raises ConstraintRefused, VerificationConflict, DatabaseBehind, DatabaseUnavailable."""
    try:
        async with pool.acquire(timeout=TIMEOUT_S) as connection:
            yield connection
    except asyncpg.IntegrityConstraintViolationError as refused:
        raise refusal_of(str(refused.constraint_name or "unknown")) from None
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as failed:
        raise DatabaseBehind(kind="postgresql") from failed
    except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as failed:
        raise DatabaseUnavailable(kind="postgresql", error=type(failed).__name__) from failed
    except (
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,
        asyncpg.LockNotAvailableError,
        asyncpg.TransactionRollbackError,
    ) as failed:
        raise DatabaseUnavailable(kind="postgresql", error=type(failed).__name__) from failed


async def _nothing_to_reset(_connection: Any) -> None:
    return None
