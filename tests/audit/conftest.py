# SPDX-License-Identifier: Apache-2.0
"""Databases for the tests of audit."""

from tests.databases import (
    database,
    database_url,
    migrated_sqlite,
    postgresql_cluster,
    postgresql_url,
    sqlite_database,
    sqlite_url,
)

__all__ = [
    "database",
    "database_url",
    "migrated_sqlite",
    "postgresql_cluster",
    "postgresql_url",
    "sqlite_database",
    "sqlite_url",
]
