# SPDX-License-Identifier: Apache-2.0
"""Through whom each member came in, and member lists on their way in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(32)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
SCHEME_ID = "0" * 32


def upgrade() -> None:
    """Make the tables. Members who are there already came in through the scheme itself."""
    op.create_table(
        "enrolments",
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("intermediary_id", IDENTIFIER, nullable=False),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("enrolled_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["intermediary_id"], ["intermediaries.intermediary_id"], name=op.f("fk_enrolments_intermediary_id")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_enrolments_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_enrolments")),
    )
    op.create_index("ix_enrolments_intermediary_id", "enrolments", ["intermediary_id"])
    op.execute(
        "INSERT INTO enrolments (member_id, intermediary_id, region, enrolled_at) "
        f"SELECT member_id, '{SCHEME_ID}', NULL, created_at FROM members"
    )
    op.create_table(
        "member_lists",
        sa.Column("intermediary_id", IDENTIFIER, nullable=False),
        sa.Column("list_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_new", sa.Integer(), nullable=False),
        sa.Column("rows_unchanged", sa.Integer(), nullable=False),
        sa.Column("rows_changed", sa.Integer(), nullable=False),
        sa.Column("rows_refused", sa.Integer(), nullable=False),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("updated_at", UTC_TIME, nullable=False),
        sa.Column("finished_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("length(list_sha256) = 32", name=op.f("ck_member_lists_list_sha256_length")),
        sa.CheckConstraint(
            "rows_done = rows_new + rows_unchanged + rows_changed + rows_refused",
            name=op.f("ck_member_lists_rows_add_up"),
        ),
        sa.CheckConstraint("passes > 0", name=op.f("ck_member_lists_passes_positive")),
        sa.ForeignKeyConstraint(
            ["intermediary_id"], ["intermediaries.intermediary_id"], name=op.f("fk_member_lists_intermediary_id")
        ),
        sa.PrimaryKeyConstraint("intermediary_id", "list_sha256", name=op.f("pk_member_lists")),
    )
    op.create_table(
        "member_list_problems",
        sa.Column("intermediary_id", IDENTIFIER, nullable=False),
        sa.Column("list_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["intermediary_id", "list_sha256"],
            ["member_lists.intermediary_id", "member_lists.list_sha256"],
            name="fk_member_list_problems_list",
        ),
        sa.PrimaryKeyConstraint(
            "intermediary_id", "list_sha256", "line", "place", name=op.f("pk_member_list_problems")
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("member_list_problems")
    op.drop_table("member_lists")
    op.drop_table("enrolments")
