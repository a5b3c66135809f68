# SPDX-License-Identifier: Apache-2.0
"""The open database: SQLite in a file or PostgreSQL, with one way to begin a transaction on either."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from cardservice.records.audit_chain import define_chain_hash
from cardservice.records.errors import DatabaseBehind, DatabaseUnavailable, DatabaseUnsupported

SQLITE_BUSY_TIMEOUT_MS = 30_000  # writers queue: SQLite has one at a time
POOL_SIZE = 8
POOL_OVERFLOW = 24
POOL_TIMEOUT_S = 10  # for a connection, where all are in use
POSTGRESQL_TIMEOUTS = "-c statement_timeout=60000 -c lock_timeout=30000 -c idle_in_transaction_session_timeout=120000"
READ_ONLY = "kartu_read_only"
BUSY_MS = "kartu_busy_ms"

# The order matters: WAL before synchronous, since the mode of durability is the journal's.
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {SQLITE_BUSY_TIMEOUT_MS}",
    "PRAGMA trusted_schema = OFF",
)


@dataclass(frozen=True, slots=True)
class Database:
    """An engine and the two ways to use it. The address may carry a password, so it shows in no repr."""

    engine: Engine = field(repr=False)

    @contextmanager
    def begin(self, busy_ms: int = SQLITE_BUSY_TIMEOUT_MS) -> Iterator[Connection]:
        """One transaction that writes: committed at the end, rolled back by an exception. On SQLite it takes the write lock at once.

        ``busy_ms``: how long SQLite's one writer is waited for. On PostgreSQL rows are, by ``patience.wait_at_most``.
        """
        options = {BUSY_MS: busy_ms}
        with (
            _answering(self.engine),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads; it never waits for writers and can't write."""
        with _answering(self.engine), self.engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            if self.engine.dialect.name == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)  # noqa: PLW2901 - the same connection
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Let every pooled connection go."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open ``sqlite:///path`` or ``postgresql://user@host/name``. Connects on first use. Raises DatabaseUnsupported."""
    address = parse_address(url)
    if address.get_backend_name() == "sqlite":
        engine = create_engine(
            address, pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW, pool_timeout=POOL_TIMEOUT_S, hide_parameters=True
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(
            address,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_TIMEOUT_S,
            pool_pre_ping=True,
            hide_parameters=True,  # an error quotes the statement, never the values
            connect_args={"options": POSTGRESQL_TIMEOUTS, "connect_timeout": 10},
        )
    return Database(engine)


def parse_address(url: str) -> URL:
    """The address with the driver we use. An in-memory SQLite has no WAL and no second connection, so it is refused."""
    try:
        address = make_url(url)
    except ArgumentError:
        # The address itself stays out of the error: it may carry a password.
        raise DatabaseUnsupported(scheme="?", rule="unreadable") from None
    match address.get_backend_name():
        case "sqlite":
            if address.database in {None, "", ":memory:"}:
                raise DatabaseUnsupported(scheme="sqlite", rule="in-memory")
            return address.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres":
            return address.set(drivername="postgresql+psycopg")
        case other:
            raise DatabaseUnsupported(scheme=other, rule="scheme")


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """Durability and integrity for one SQLite connection, which has neither by default."""
    for pragma in SQLITE_PRAGMAS:
        connection.execute(pragma)
    define_chain_hash(connection)


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # sqlite3 would otherwise begin late and commit before DDL
    prepare_sqlite(connection)


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads first and writes later could not take the lock any more (SQLITE_BUSY_SNAPSHOT).
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    busy_ms = int(connection.get_execution_options().get(BUSY_MS, SQLITE_BUSY_TIMEOUT_MS))
    # The pragmas outlive the transaction, so they are sent only where they change.
    if connection.info.get(BUSY_MS, SQLITE_BUSY_TIMEOUT_MS) != busy_ms:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {busy_ms}")
        connection.info[BUSY_MS] = busy_ms
    if connection.info.get(READ_ONLY, False) != read_only:
        connection.exec_driver_sql(f"PRAGMA query_only = {int(read_only)}")
        connection.info[READ_ONLY] = read_only
    connection.exec_driver_sql("BEGIN DEFERRED" if read_only else "BEGIN IMMEDIATE")


@contextmanager
def _answering(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, ProgrammingError) as failed:
        if _is_behind(failed):
            raise DatabaseBehind(kind=engine.dialect.name) from failed
        if isinstance(failed, ProgrammingError):
            raise
        raise DatabaseUnavailable(kind=engine.dialect.name, error=_kind_of(failed)) from failed
    except PoolTimeout as failed:
        raise DatabaseUnavailable(kind=engine.dialect.name, error="connections") from failed


def _kind_of(failed: DBAPIError) -> str:
    """The driver's class name: its message may quote the address."""
    return type(failed.orig).__name__


def _is_behind(failed: DBAPIError) -> bool:
    if getattr(failed.orig, "sqlstate", None) in {"42P01", "42703"}:  # undefined_table, undefined_column
        return True
    return isinstance(failed.orig, sqlite3.OperationalError) and str(failed.orig).startswith(
        ("no such table", "no such column")
    )
