# SPDX-License-Identifier: Apache-2.0
"""What was asked under the reference of a move, and the bill that a group's sum was told for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
IDENTIFIER = sa.String(32)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

APPEND_ONLY = ("group_move_requests",)


def upgrade() -> None:
    """Make the table. Of a move that was made before, its first month is taken for the one that was asked."""
    op.create_table('group_move_requests',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('reference', sa.String(length=64), nullable=False),
    sa.Column('move_id', IDENTIFIER, nullable=False),
    sa.Column('leaver_id', IDENTIFIER, nullable=False),
    sa.Column('joiner_id', IDENTIFIER, nullable=False),
    sa.Column('first_month', sa.Integer(), nullable=False),
    sa.Column('asked_by', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(length=64), nullable=False),
    sa.Column('asked_at', UTC_TIME, nullable=False),
    sa.CheckConstraint('first_month BETWEEN 190001 AND 999912 AND first_month % 100 BETWEEN 1 AND 12', name=op.f('ck_group_move_requests_first_month_month')),
    sa.ForeignKeyConstraint(['intermediary_id'], ['group_payers.intermediary_id'], name=op.f('fk_group_move_requests_intermediary_id')),
    sa.ForeignKeyConstraint(['joiner_id'], ['members.member_id'], name=op.f('fk_group_move_requests_joiner_id')),
    sa.ForeignKeyConstraint(['leaver_id'], ['members.member_id'], name=op.f('fk_group_move_requests_leaver_id')),
    sa.PrimaryKeyConstraint('intermediary_id', 'reference', name=op.f('pk_group_move_requests')),
    sa.UniqueConstraint('intermediary_id', 'move_id', name=op.f('uq_group_move_requests_intermediary_id_move_id'))
    )
    op.execute(
        "INSERT INTO group_move_requests "
        "(intermediary_id, reference, move_id, leaver_id, joiner_id, first_month, asked_by, reason, asked_at) "
        "SELECT intermediary_id, reference, move_id, min(leaver_id), min(joiner_id), min(month), min(moved_by), min(reason), min(moved_at) "
        "FROM group_moves GROUP BY intermediary_id, reference, move_id"
    )
    op.add_column('group_sums', sa.Column('bill_id', IDENTIFIER, nullable=True))
    for table in APPEND_ONLY:
        _refuse_changes(table)


def downgrade() -> None:
    """Drop them, triggers with their table."""
    op.drop_column('group_sums', 'bill_id')
    op.drop_table('group_move_requests')


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
