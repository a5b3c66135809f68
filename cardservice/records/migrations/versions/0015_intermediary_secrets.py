# SPDX-License-Identifier: Apache-2.0
"""Secrets with which intermediaries call the service."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
IDENTIFIER = sa.String(32)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table('intermediary_secrets',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('secret_sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('given_at', UTC_TIME, nullable=False),
    sa.Column('revoked_at', UTC_TIME, nullable=True),
    sa.CheckConstraint('length(secret_sha256) = 32', name=op.f('ck_intermediary_secrets_secret_sha256_length')),
    sa.ForeignKeyConstraint(['intermediary_id'], ['intermediaries.intermediary_id'], name=op.f('fk_intermediary_secrets_intermediary_id')),
    sa.PrimaryKeyConstraint('intermediary_id', name=op.f('pk_intermediary_secrets')),
    sa.UniqueConstraint('secret_sha256', name=op.f('uq_intermediary_secrets_secret_sha256'))
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table('intermediary_secrets')
