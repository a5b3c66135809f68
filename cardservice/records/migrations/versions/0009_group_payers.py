# SPDX-License-Identifier: Apache-2.0
"""Group payers: who pays for lists, their bills and sums, and months that moved."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

APPEND_ONLY = ("group_bill_rows", "group_bills", "group_moves", "group_settlements", "group_sums",)


def upgrade() -> None:
    """Make the tables, and refuse changes to what is append-only."""
    op.create_table('group_payers',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('mismatch', NAME, nullable=False),
    sa.Column('registered_at', UTC_TIME, nullable=False),
    sa.CheckConstraint("mismatch IN ('HOLD', 'REFUSE')", name=op.f('ck_group_payers_mismatch_known')),
    sa.ForeignKeyConstraint(['intermediary_id'], ['intermediaries.intermediary_id'], name=op.f('fk_group_payers_intermediary_id')),
    sa.PrimaryKeyConstraint('intermediary_id', name=op.f('pk_group_payers'))
    )
    op.create_table('group_bills',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('bill_id', IDENTIFIER, nullable=False),
    sa.Column('reference', sa.String(length=64), nullable=False),
    sa.Column('list_sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('rupiah', sa.BigInteger(), nullable=False),
    sa.Column('drawn_by', sa.String(length=64), nullable=False),
    sa.Column('drawn_at', UTC_TIME, nullable=False),
    sa.CheckConstraint('length(list_sha256) = 32', name=op.f('ck_group_bills_list_sha256_length')),
    sa.CheckConstraint('rupiah > 0', name=op.f('ck_group_bills_rupiah_positive')),
    sa.ForeignKeyConstraint(['intermediary_id'], ['group_payers.intermediary_id'], name=op.f('fk_group_bills_intermediary_id')),
    sa.PrimaryKeyConstraint('intermediary_id', 'bill_id', name=op.f('pk_group_bills')),
    sa.UniqueConstraint('intermediary_id', 'reference', name=op.f('uq_group_bills_intermediary_id_reference'))
    )
    op.create_table('group_members',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('member_id', IDENTIFIER, nullable=False),
    sa.Column('joined_at', UTC_TIME, nullable=False),
    sa.Column('left_at', UTC_TIME, nullable=True),
    sa.ForeignKeyConstraint(['intermediary_id'], ['group_payers.intermediary_id'], name=op.f('fk_group_members_intermediary_id')),
    sa.ForeignKeyConstraint(['member_id'], ['members.member_id'], name=op.f('fk_group_members_member_id')),
    sa.PrimaryKeyConstraint('intermediary_id', 'member_id', name=op.f('pk_group_members'))
    )
    op.create_index('ix_group_members_member_id', 'group_members', ['member_id'], unique=False)
    op.create_table('group_moves',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('move_id', IDENTIFIER, nullable=False),
    sa.Column('programme', NAME, nullable=False),
    sa.Column('month', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('reference', sa.String(length=64), nullable=False),
    sa.Column('leaver_id', IDENTIFIER, nullable=False),
    sa.Column('joiner_id', IDENTIFIER, nullable=False),
    sa.Column('source_payment_id', IDENTIFIER, nullable=False),
    sa.Column('joiner_payment_id', IDENTIFIER, nullable=False),
    sa.Column('rupiah', sa.BigInteger(), nullable=False),
    sa.Column('moved_by', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(length=64), nullable=False),
    sa.Column('moved_at', UTC_TIME, nullable=False),
    sa.CheckConstraint("programme IN ('JHT', 'JKK', 'JKM')", name=op.f('ck_group_moves_programme_known')),
    sa.CheckConstraint('leaver_id <> joiner_id', name=op.f('ck_group_moves_two_sided')),
    sa.CheckConstraint('month BETWEEN 190001 AND 999912 AND month % 100 BETWEEN 1 AND 12', name=op.f('ck_group_moves_month_month')),
    sa.CheckConstraint('rupiah > 0', name=op.f('ck_group_moves_rupiah_positive')),
    sa.ForeignKeyConstraint(['intermediary_id'], ['group_payers.intermediary_id'], name=op.f('fk_group_moves_intermediary_id')),
    sa.ForeignKeyConstraint(['joiner_id'], ['members.member_id'], name=op.f('fk_group_moves_joiner_id')),
    sa.ForeignKeyConstraint(['leaver_id'], ['members.member_id'], name=op.f('fk_group_moves_leaver_id')),
    sa.PrimaryKeyConstraint('intermediary_id', 'move_id', 'programme', 'month', name=op.f('pk_group_moves')),
    sa.UniqueConstraint('intermediary_id', 'reference', 'programme', 'month', name=op.f('uq_group_moves_intermediary_id_reference_programme_month'))
    )
    op.create_table('group_sums',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('sum_id', IDENTIFIER, nullable=False),
    sa.Column('reference', sa.String(length=64), nullable=False),
    sa.Column('rupiah', sa.BigInteger(), nullable=False),
    sa.Column('received_at', UTC_TIME, nullable=False),
    sa.Column('recorded_at', UTC_TIME, nullable=False),
    sa.CheckConstraint('rupiah BETWEEN 1 AND 100000000000000', name=op.f('ck_group_sums_rupiah_range')),
    sa.ForeignKeyConstraint(['intermediary_id'], ['group_payers.intermediary_id'], name=op.f('fk_group_sums_intermediary_id')),
    sa.PrimaryKeyConstraint('intermediary_id', 'sum_id', name=op.f('pk_group_sums')),
    sa.UniqueConstraint('intermediary_id', 'reference', name=op.f('uq_group_sums_intermediary_id_reference'))
    )
    op.create_table('group_bill_rows',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('bill_id', IDENTIFIER, nullable=False),
    sa.Column('line', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('member_id', IDENTIFIER, nullable=False),
    sa.Column('months', sa.Text(), nullable=False),
    sa.Column('rupiah', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('rupiah > 0', name=op.f('ck_group_bill_rows_rupiah_positive')),
    sa.ForeignKeyConstraint(['intermediary_id', 'bill_id'], ['group_bills.intermediary_id', 'group_bills.bill_id'], name='fk_group_bill_rows_bill'),
    sa.ForeignKeyConstraint(['member_id'], ['members.member_id'], name=op.f('fk_group_bill_rows_member_id')),
    sa.PrimaryKeyConstraint('intermediary_id', 'bill_id', 'line', name=op.f('pk_group_bill_rows')),
    sa.UniqueConstraint('intermediary_id', 'bill_id', 'member_id', name=op.f('uq_group_bill_rows_intermediary_id_bill_id_member_id'))
    )
    op.create_index('ix_group_bill_rows_member_id', 'group_bill_rows', ['member_id'], unique=False)
    op.create_table('group_settlements',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('bill_id', IDENTIFIER, nullable=False),
    sa.Column('rupiah', sa.BigInteger(), nullable=False),
    sa.Column('settled_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['intermediary_id', 'bill_id'], ['group_bills.intermediary_id', 'group_bills.bill_id'], name='fk_group_settlements_bill'),
    sa.PrimaryKeyConstraint('intermediary_id', 'bill_id', name=op.f('pk_group_settlements'))
    )
    for table in APPEND_ONLY:
        _refuse_changes(table)


def downgrade() -> None:
    """Drop them, triggers with their tables."""
    op.drop_table('group_settlements')
    op.drop_index('ix_group_bill_rows_member_id', table_name='group_bill_rows')
    op.drop_table('group_bill_rows')
    op.drop_table('group_sums')
    op.drop_table('group_moves')
    op.drop_index('ix_group_members_member_id', table_name='group_members')
    op.drop_table('group_members')
    op.drop_table('group_bills')
    op.drop_table('group_payers')


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
