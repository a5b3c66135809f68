# SPDX-License-Identifier: Apache-2.0
"""Group sums and remittances whose money went back, bills open again, receipts that are void."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
IDENTIFIER = sa.String(32)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

APPEND_ONLY = ("cash_receipt_voids", "cash_remittance_bounces", "group_reopened_payments", "group_reopenings", "group_sum_bounces",)


def upgrade() -> None:
    """Number the settlements of a bill, the one that is there being the first; then make the tables."""
    _replace_settlements(numbered=True)
    op.create_table('group_sum_bounces',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('sum_id', IDENTIFIER, nullable=False),
    sa.Column('told_by', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(length=64), nullable=False),
    sa.Column('bounced_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['intermediary_id', 'sum_id'], ['group_sums.intermediary_id', 'group_sums.sum_id'], name='fk_group_sum_bounces_sum'),
    sa.PrimaryKeyConstraint('intermediary_id', 'sum_id', name=op.f('pk_group_sum_bounces'))
    )
    op.create_table('group_reopenings',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('bill_id', IDENTIFIER, nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('sum_id', IDENTIFIER, nullable=False),
    sa.Column('reopened_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['intermediary_id', 'bill_id', 'number'], ['group_settlements.intermediary_id', 'group_settlements.bill_id', 'group_settlements.number'], name='fk_group_reopenings_settlement'),
    sa.ForeignKeyConstraint(['intermediary_id', 'sum_id'], ['group_sum_bounces.intermediary_id', 'group_sum_bounces.sum_id'], name='fk_group_reopenings_bounce'),
    sa.PrimaryKeyConstraint('intermediary_id', 'bill_id', 'number', name=op.f('pk_group_reopenings'))
    )
    op.create_table('group_reopened_payments',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('bill_id', IDENTIFIER, nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('payment_id', IDENTIFIER, nullable=False),
    sa.Column('member_id', IDENTIFIER, nullable=False),
    sa.ForeignKeyConstraint(['intermediary_id', 'bill_id', 'number'], ['group_reopenings.intermediary_id', 'group_reopenings.bill_id', 'group_reopenings.number'], name='fk_group_reopened_payments_reopening'),
    sa.ForeignKeyConstraint(['member_id', 'payment_id'], ['payment_reversals.member_id', 'payment_reversals.payment_id'], name='fk_group_reopened_payments_reversal'),
    sa.PrimaryKeyConstraint('intermediary_id', 'bill_id', 'number', 'payment_id', name=op.f('pk_group_reopened_payments'))
    )
    op.create_table('cash_receipt_voids',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('voided_by', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(length=64), nullable=False),
    sa.Column('voided_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['intermediary_id', 'number'], ['cash_receipts.intermediary_id', 'cash_receipts.number'], name='fk_cash_receipt_voids_receipt'),
    sa.PrimaryKeyConstraint('intermediary_id', 'number', name=op.f('pk_cash_receipt_voids'))
    )
    op.create_table('cash_remittance_bounces',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('reference', sa.String(length=64), nullable=False),
    sa.Column('told_by', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(length=64), nullable=False),
    sa.Column('bounced_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['intermediary_id', 'reference'], ['cash_remittances.intermediary_id', 'cash_remittances.reference'], name='fk_cash_remittance_bounces_remittance'),
    sa.PrimaryKeyConstraint('intermediary_id', 'reference', name=op.f('pk_cash_remittance_bounces'))
    )
    for table in APPEND_ONLY:
        _refuse_changes(table)


def downgrade() -> None:
    """Drop them, triggers with their tables. Of a bill that was settled again, its first settlement stays."""
    op.drop_table('cash_remittance_bounces')
    op.drop_table('cash_receipt_voids')
    op.drop_table('group_reopened_payments')
    op.drop_table('group_reopenings')
    op.drop_table('group_sum_bounces')
    _replace_settlements(numbered=False)


def _replace_settlements(*, numbered: bool) -> None:
    """Make the table anew and fill it: SQLite can't change a primary key, and the triggers refuse a change of rows on both."""
    op.rename_table('group_settlements', 'group_settlements_before')
    if op.get_bind().dialect.name == "postgresql":  # where names of constraints belong to the whole schema
        op.execute("ALTER TABLE group_settlements_before DROP CONSTRAINT pk_group_settlements")
    number = [sa.Column('number', sa.Integer(), autoincrement=False, nullable=False)] if numbered else []
    check = [sa.CheckConstraint('number > 0', name=op.f('ck_group_settlements_number_positive'))] if numbered else []
    key = ('intermediary_id', 'bill_id', 'number') if numbered else ('intermediary_id', 'bill_id')
    op.create_table('group_settlements',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('bill_id', IDENTIFIER, nullable=False),
    *number,
    sa.Column('rupiah', sa.BigInteger(), nullable=False),
    sa.Column('settled_at', UTC_TIME, nullable=False),
    *check,
    sa.ForeignKeyConstraint(['intermediary_id', 'bill_id'], ['group_bills.intermediary_id', 'group_bills.bill_id'], name='fk_group_settlements_bill'),
    sa.PrimaryKeyConstraint(*key, name=op.f('pk_group_settlements'))
    )
    if numbered:
        op.execute("INSERT INTO group_settlements SELECT intermediary_id, bill_id, 1, rupiah, settled_at FROM group_settlements_before")
    else:
        op.execute("INSERT INTO group_settlements SELECT intermediary_id, bill_id, rupiah, settled_at FROM group_settlements_before WHERE number = 1")
    op.drop_table('group_settlements_before')
    _refuse_changes('group_settlements')


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
