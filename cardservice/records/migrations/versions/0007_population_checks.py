# SPDX-License-Identifier: Apache-2.0
"""What the population registry says of each member."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
STATES = "state IN ('MISMATCH', 'PROVISIONAL', 'VERIFIED')"


def upgrade() -> None:
    """Make the tables. The registry was never asked about members who are there already: each is due."""
    op.create_table(
        "population_checks",
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UTC_TIME, nullable=True),
        sa.Column("claim_id", IDENTIFIER, nullable=True),
        sa.Column("claimed_until", UTC_TIME, nullable=True),
        sa.Column("updated_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(STATES, name=op.f("ck_population_checks_state_known")),
        sa.CheckConstraint(
            "(state = 'PROVISIONAL') = (due_at IS NOT NULL)", name=op.f("ck_population_checks_provisional_is_due")
        ),
        sa.CheckConstraint(
            "(claim_id IS NULL) = (claimed_until IS NULL)", name=op.f("ck_population_checks_claims_run_out")
        ),
        sa.CheckConstraint(
            "claim_id IS NULL OR state = 'PROVISIONAL'",
            name=op.f("ck_population_checks_only_the_provisional_are_claimed"),
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_population_checks_attempts_not_negative")),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_population_checks_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_population_checks")),
    )
    op.create_index("ix_population_checks_due_at", "population_checks", ["due_at"])
    op.execute(
        "INSERT INTO population_checks (member_id, state, attempts, due_at, updated_at) "
        "SELECT member_id, 'PROVISIONAL', 0, created_at, created_at FROM members"
    )
    op.create_table(
        "population_answers",
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("verdicts", sa.Text(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.CheckConstraint(STATES, name=op.f("ck_population_answers_state_known")),
        sa.CheckConstraint("length(evidence) = 16", name=op.f("ck_population_answers_evidence_length")),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_population_answers_member_id")),
        sa.PrimaryKeyConstraint("member_id", "seq", name=op.f("pk_population_answers")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER population_answers_append_only BEFORE UPDATE OR DELETE ON population_answers "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            "CREATE TRIGGER population_answers_never_emptied BEFORE TRUNCATE ON population_answers "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    else:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER population_answers_no_{change.lower()} BEFORE {change} ON population_answers "
                "BEGIN SELECT RAISE(ABORT, 'append-only: population_answers'); END"
            )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("population_answers")
    op.drop_table("population_checks")
