# SPDX-License-Identifier: Apache-2.0
"""Alembic's entry: runs migrations inside the transaction that schema.py opened."""

from alembic import context

from cardservice.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # true of both databases, since database.py begins transactions on SQLite itself
    transaction_per_migration=False,
)
context.run_migrations()
