# SPDX-License-Identifier: Apache-2.0
"""Agents' cash: terms, receipts, remittances."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

APPEND_ONLY = ("cash_receipts", "cash_remittances",)


def upgrade() -> None:
    """Make the tables, and refuse changes to what is append-only."""
    op.create_table('cash_agents',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('rate_bp', sa.Integer(), nullable=False),
    sa.Column('agent_share_bp', sa.Integer(), nullable=False),
    sa.Column('most_rupiah', sa.BigInteger(), nullable=False),
    sa.Column('most_days', sa.Integer(), nullable=False),
    sa.Column('inactive_months', sa.Integer(), nullable=False),
    sa.Column('registered_at', UTC_TIME, nullable=False),
    sa.Column('resumed_at', UTC_TIME, nullable=True),
    sa.Column('stopped_at', UTC_TIME, nullable=True),
    sa.Column('stopped_for', NAME, nullable=True),
    sa.CheckConstraint("stopped_for IN ('INACTIVE', 'TOO_LONG', 'TOO_MUCH')", name=op.f('ck_cash_agents_stopped_for_known')),
    sa.CheckConstraint('(stopped_at IS NULL) = (stopped_for IS NULL)', name=op.f('ck_cash_agents_stopped_for_something')),
    sa.CheckConstraint('most_rupiah > 0 AND most_days > 0 AND inactive_months > 0', name=op.f('ck_cash_agents_limits_positive')),
    sa.CheckConstraint('rate_bp BETWEEN 0 AND 10000 AND agent_share_bp BETWEEN 0 AND 10000', name=op.f('ck_cash_agents_basis_points')),
    sa.ForeignKeyConstraint(['intermediary_id'], ['intermediaries.intermediary_id'], name=op.f('fk_cash_agents_intermediary_id')),
    sa.PrimaryKeyConstraint('intermediary_id', name=op.f('pk_cash_agents'))
    )
    op.create_table('cash_receipts',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('reference', sa.String(length=64), nullable=False),
    sa.Column('member_id', IDENTIFIER, nullable=False),
    sa.Column('payment_id', IDENTIFIER, nullable=False),
    sa.Column('rupiah', sa.BigInteger(), nullable=False),
    sa.Column('agent_rupiah', sa.BigInteger(), nullable=False),
    sa.Column('body_rupiah', sa.BigInteger(), nullable=False),
    sa.Column('taken_at', UTC_TIME, nullable=False),
    sa.CheckConstraint('agent_rupiah + body_rupiah <= rupiah', name=op.f('ck_cash_receipts_commission_within')),
    sa.CheckConstraint('number > 0', name=op.f('ck_cash_receipts_number_positive')),
    sa.CheckConstraint('rupiah > 0 AND agent_rupiah >= 0 AND body_rupiah >= 0', name=op.f('ck_cash_receipts_rupiah_positive')),
    sa.ForeignKeyConstraint(['intermediary_id'], ['cash_agents.intermediary_id'], name=op.f('fk_cash_receipts_intermediary_id')),
    sa.ForeignKeyConstraint(['member_id'], ['members.member_id'], name=op.f('fk_cash_receipts_member_id')),
    sa.PrimaryKeyConstraint('intermediary_id', 'number', name=op.f('pk_cash_receipts')),
    sa.UniqueConstraint('intermediary_id', 'reference', name=op.f('uq_cash_receipts_intermediary_id_reference')),
    sa.UniqueConstraint('payment_id', name=op.f('uq_cash_receipts_payment_id'))
    )
    op.create_table('cash_remittances',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('reference', sa.String(length=64), nullable=False),
    sa.Column('rupiah', sa.BigInteger(), nullable=False),
    sa.Column('received_at', UTC_TIME, nullable=False),
    sa.CheckConstraint('rupiah > 0', name=op.f('ck_cash_remittances_rupiah_positive')),
    sa.ForeignKeyConstraint(['intermediary_id'], ['cash_agents.intermediary_id'], name=op.f('fk_cash_remittances_intermediary_id')),
    sa.PrimaryKeyConstraint('intermediary_id', 'reference', name=op.f('pk_cash_remittances'))
    )
    for table in APPEND_ONLY:
        _refuse_changes(table)


def downgrade() -> None:
    """Drop them, triggers with their tables."""
    op.drop_table('cash_remittances')
    op.drop_table('cash_receipts')
    op.drop_table('cash_agents')


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
