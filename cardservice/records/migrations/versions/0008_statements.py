# SPDX-License-Identifier: Apache-2.0
"""Partners' statements and the differences they showed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table('statements',
    sa.Column('partner_id', sa.String(length=36), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('lines', sa.Integer(), nullable=False),
    sa.Column('rupiah', sa.BigInteger(), nullable=False),
    sa.Column('taken_in_at', UTC_TIME, nullable=False),
    sa.CheckConstraint('length(sha256) = 32', name=op.f('ck_statements_sha256_length')),
    sa.PrimaryKeyConstraint('partner_id', 'day', name=op.f('pk_statements'))
    )
    op.create_table('statement_differences',
    sa.Column('partner_id', sa.String(length=36), nullable=False),
    sa.Column('difference_id', IDENTIFIER, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', NAME, nullable=False),
    sa.Column('reference', sa.String(length=128), nullable=False),
    sa.Column('theirs', sa.BigInteger(), nullable=True),
    sa.Column('ours', sa.BigInteger(), nullable=True),
    sa.Column('found_at', UTC_TIME, nullable=False),
    sa.Column('resolved_at', UTC_TIME, nullable=True),
    sa.Column('resolved_by', sa.String(length=64), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=True),
    sa.CheckConstraint("kind IN ('AMOUNT_DIFFERS', 'MISSING_AT_PARTNER', 'MISSING_AT_US', 'REVERSED', 'TWICE')", name=op.f('ck_statement_differences_kind_known')),
    sa.CheckConstraint('(resolved_at IS NULL) = (resolved_by IS NULL) AND (resolved_at IS NULL) = (note IS NULL)', name=op.f('ck_statement_differences_resolved_by_somebody')),
    sa.ForeignKeyConstraint(['partner_id', 'day'], ['statements.partner_id', 'statements.day'], name='fk_statement_differences_statement'),
    sa.PrimaryKeyConstraint('partner_id', 'difference_id', name=op.f('pk_statement_differences'))
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table('statement_differences')
    op.drop_table('statements')
