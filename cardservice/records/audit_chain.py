# SPDX-License-Identifier: Apache-2.0
"""The hash that ties an audit event to the one before it, computed inside the statement that appends.

``head' = SHA-256(02 | head | leaf)``. The byte 02 keeps links apart from the leaves (00) and nodes (01) of RFC 9162. PostgreSQL has
``sha256``; SQLite calls this Python function, so that one statement serves both.
"""

import hashlib
import sqlite3

from sqlalchemy import BindParameter, ColumnElement, LargeBinary, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

LINK_PREFIX = b"\x02"
GENESIS = bytes(32)  # what the first event of a chain follows


def chain_hash(head: bytes, leaf: bytes) -> bytes:
    """The head of a chain after ``leaf`` was appended to ``head`` (32 bytes each)."""
    return hashlib.sha256(LINK_PREFIX + head + leaf).digest()


def define_chain_hash(connection: sqlite3.Connection) -> None:
    """Give one SQLite connection the function."""
    connection.create_function("chain_hash", 2, chain_hash, deterministic=True)


class ChainHash(FunctionElement[bytes]):
    """chain_hash(head, leaf) as SQL."""

    type = LargeBinary()
    inherit_cache = True
    name = "chain_hash"


def chain_hash_of(head: ColumnElement[bytes], leaf: bytes | BindParameter[bytes]) -> ChainHash:
    """The SQL expression of chain_hash() over a column and a value."""
    return ChainHash(head, literal(leaf, LargeBinary) if isinstance(leaf, bytes) else leaf)


@compiles(ChainHash, "postgresql")
def _on_postgresql(element: ChainHash, compiler: SQLCompiler, **options: object) -> str:
    head, leaf = (compiler.process(clause, **options) for clause in element.clauses)
    return f"sha256('\\x02'::bytea || {head} || {leaf})"


@compiles(ChainHash, "sqlite")
def _on_sqlite(element: ChainHash, compiler: SQLCompiler, **options: object) -> str:
    return f"chain_hash({compiler.process(element.clauses, **options)})"
