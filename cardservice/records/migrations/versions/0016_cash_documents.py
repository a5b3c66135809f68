# SPDX-License-Identifier: Apache-2.0
"""The signed documents of agents' receipts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

APPEND_ONLY = ("cash_documents",)


def upgrade() -> None:
    """Make the table, and refuse changes to it."""
    op.create_table('cash_documents',
    sa.Column('intermediary_id', IDENTIFIER, nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', NAME, nullable=False),
    sa.Column('document', sa.String(length=1024), nullable=False),
    sa.Column('signed_at', UTC_TIME, nullable=False),
    sa.CheckConstraint("kind IN ('receipt', 'void')", name=op.f('ck_cash_documents_kind_known')),
    sa.ForeignKeyConstraint(['intermediary_id', 'number'], ['cash_receipts.intermediary_id', 'cash_receipts.number'], name='fk_cash_documents_receipt'),
    sa.PrimaryKeyConstraint('intermediary_id', 'number', 'kind', name=op.f('pk_cash_documents'))
    )
    for table in APPEND_ONLY:
        _refuse_changes(table)


def downgrade() -> None:
    """Drop it, triggers with it."""
    op.drop_table('cash_documents')


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
