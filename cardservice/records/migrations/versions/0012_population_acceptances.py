# SPDX-License-Identifier: Apache-2.0
"""Answers of the population registry that a person accepted although they differ."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
TABLE = "population_acceptances"


def upgrade() -> None:
    """Make the table, and refuse changes to its rows."""
    op.create_table(
        TABLE,
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("answer_seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("accepted_by", sa.String(64), nullable=False),
        sa.Column("seen", NAME, nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.CheckConstraint(
            "seen IN ('civil-record', 'court-order', 'family-card', 'identity-card')",
            name=op.f("ck_population_acceptances_seen_known"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id", "answer_seq"],
            ["population_answers.member_id", "population_answers.seq"],
            name=op.f("fk_population_acceptances_answer"),
        ),
        sa.PrimaryKeyConstraint("member_id", "answer_seq", name=op.f("pk_population_acceptances")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {TABLE}_never_emptied BEFORE TRUNCATE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {TABLE}_no_{change.lower()} BEFORE {change} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {TABLE}'); END"
        )


def downgrade() -> None:
    """Drop it."""
    op.drop_table(TABLE)
