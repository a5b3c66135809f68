# SPDX-License-Identifier: Apache-2.0
"""Rule packs that decided here, and since when each is known."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

APPEND_ONLY = ("taken_packs",)


def upgrade() -> None:
    """Make the table, and refuse changes to it. It is empty: the packs of the first start after this have been known since their day."""
    op.create_table('taken_packs',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('dated', sa.Date(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('known_from', UTC_TIME, nullable=False),
    sa.Column('taken_at', UTC_TIME, nullable=False),
    sa.CheckConstraint('known_from <= taken_at', name=op.f('ck_taken_packs_known_in_order')),
    sa.CheckConstraint('length(sha256) = 32', name=op.f('ck_taken_packs_sha256_length')),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_taken_packs'))
    )
    for table in APPEND_ONLY:
        _refuse_changes(table)


def downgrade() -> None:
    """Drop it, triggers with it."""
    op.drop_table('taken_packs')


def _refuse_changes(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
        )
