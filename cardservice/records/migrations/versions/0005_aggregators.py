# SPDX-License-Identifier: Apache-2.0
"""PPOB aggregators, and what they asked and were answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table('ppob_partners',
    sa.Column('partner_id', sa.String(length=36), nullable=False),
    sa.Column('name', sa.String(length=128), nullable=False),
    sa.Column('secret_sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('bill_type', sa.String(length=1), nullable=False),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('revoked_at', UTC_TIME, nullable=True),
    sa.CheckConstraint("bill_type IN ('C', 'I', 'L', 'M', 'N', 'O', 'X')", name=op.f('ck_ppob_partners_bill_type_known')),
    sa.CheckConstraint('length(secret_sha256) = 32', name=op.f('ck_ppob_partners_secret_sha256_length')),
    sa.PrimaryKeyConstraint('partner_id', name=op.f('pk_ppob_partners')),
    sa.UniqueConstraint('secret_sha256', name=op.f('uq_ppob_partners_secret_sha256'))
    )
    op.create_table('ppob_requests',
    sa.Column('partner_id', sa.String(length=36), nullable=False),
    sa.Column('reference', sa.String(length=128), nullable=False),
    sa.Column('step', NAME, nullable=False),
    sa.Column('asked_sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('asked_at', UTC_TIME, nullable=False),
    sa.CheckConstraint("step IN ('INQUIRY', 'PAYMENT', 'REVERSAL')", name=op.f('ck_ppob_requests_step_known')),
    sa.CheckConstraint('length(asked_sha256) = 32', name=op.f('ck_ppob_requests_asked_sha256_length')),
    sa.ForeignKeyConstraint(['partner_id'], ['ppob_partners.partner_id'], name=op.f('fk_ppob_requests_partner_id')),
    sa.PrimaryKeyConstraint('partner_id', 'reference', 'step', name=op.f('pk_ppob_requests'))
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table('ppob_requests')
    op.drop_table('ppob_partners')
