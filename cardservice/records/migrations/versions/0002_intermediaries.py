# SPDX-License-Identifier: Apache-2.0
"""Intermediaries, with the scheme itself as the root of their tree."""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
LINEAGE = sa.String(197)

SCHEME_ID = "0" * 32
THE_SCHEME_BEGAN = date(2014, 1, 1)  # UU 24/2011, 62


def upgrade() -> None:
    """Make the table and its root."""
    table = op.create_table(
        "intermediaries",
        sa.Column("intermediary_id", IDENTIFIER, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("parent_id", IDENTIFIER, nullable=True),
        sa.Column("parent_lineage", LINEAGE, nullable=True),
        sa.Column("lineage", LINEAGE, nullable=False),
        sa.Column("may_enrol", sa.Boolean(), nullable=False),
        sa.Column("may_collect", sa.Boolean(), nullable=False),
        sa.Column("work_sectors", sa.Text(), nullable=False),
        sa.Column("regions", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("suspended_at", UTC_TIME, nullable=True),
        sa.CheckConstraint(
            "kind IN ('BANK', 'COOPERATIVE', 'FIELD_AGENT', 'LOCAL_GOVERNMENT', 'RETAIL_AGENT', 'SCHEME')",
            name=op.f("ck_intermediaries_kind_known"),
        ),
        sa.CheckConstraint("(kind = 'SCHEME') = (parent_id IS NULL)", name=op.f("ck_intermediaries_scheme_is_root")),
        sa.CheckConstraint(
            "(parent_id IS NULL AND parent_lineage IS NULL AND lineage = intermediary_id) OR "
            "(parent_id IS NOT NULL AND parent_lineage IS NOT NULL AND lineage = parent_lineage || '/' || intermediary_id)",
            name=op.f("ck_intermediaries_lineage_grows"),
        ),
        sa.CheckConstraint("length(lineage) <= 197", name=op.f("ck_intermediaries_depth")),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from", name=op.f("ck_intermediaries_valid_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id", "parent_lineage"],
            ["intermediaries.intermediary_id", "intermediaries.lineage"],
            name="fk_intermediaries_parent",
        ),
        sa.PrimaryKeyConstraint("intermediary_id", name=op.f("pk_intermediaries")),
        sa.UniqueConstraint("code", name=op.f("uq_intermediaries_code")),
        sa.UniqueConstraint("intermediary_id", "lineage", name=op.f("uq_intermediaries_intermediary_id_lineage")),
    )
    op.create_index("ix_intermediaries_parent_id", "intermediaries", ["parent_id"])
    op.create_index(
        "ux_intermediaries_one_root",
        "intermediaries",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("kind = 'SCHEME'"),
        sqlite_where=sa.text("kind = 'SCHEME'"),
    )
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    op.bulk_insert(
        table,
        [
            {
                "intermediary_id": SCHEME_ID,
                "code": "PUSAT",
                "name": "Kantor pusat dan cabang",
                "kind": "SCHEME",
                "parent_id": None,
                "parent_lineage": None,
                "lineage": SCHEME_ID,
                "may_enrol": True,
                "may_collect": True,
                "work_sectors": "other+transport",
                "regions": "*",
                "valid_from": THE_SCHEME_BEGAN,
                "valid_until": None,
                # No migration knows when it runs: the root was always there.
                "created_at": datetime(1970, 1, 1, tzinfo=UTC) if is_postgresql else 0,
                "suspended_at": None,
            }
        ],
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("intermediaries")
