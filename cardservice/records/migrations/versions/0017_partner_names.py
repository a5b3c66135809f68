# SPDX-License-Identifier: Apache-2.0
"""One namespace of banks, aggregators and intermediaries, taken by triggers. Of two under one name, the first keeps it; no row is lost."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

# Who takes names: table, column, kind.
PARTNERS = (
    ("banks", "partner_id", "BANK"),
    ("ppob_partners", "partner_id", "AGGREGATOR"),
    ("intermediaries", "intermediary_id", "INTERMEDIARY"),
)
APPEND_ONLY = ("partner_names",)


def upgrade() -> None:
    """Make the table, fill it, and take the name of whoever comes."""
    op.create_table('partner_names',
    sa.Column('partner_id', sa.String(length=36), nullable=False),
    sa.Column('kind', NAME, nullable=False),
    sa.Column('taken_at', UTC_TIME, nullable=False),
    sa.CheckConstraint("kind IN ('AGGREGATOR', 'BANK', 'INTERMEDIARY')", name=op.f('ck_partner_names_kind_known')),
    sa.PrimaryKeyConstraint('partner_id', name=op.f('pk_partner_names'))
    )
    known = " UNION ALL ".join(f"SELECT {name} AS partner_id, '{kind}' AS kind, created_at FROM {table}" for table, name, kind in PARTNERS)
    op.execute(
        "INSERT INTO partner_names (partner_id, kind, taken_at) "
        "SELECT partner_id, kind, created_at FROM ("
        "SELECT known.*, row_number() OVER (PARTITION BY partner_id ORDER BY created_at, kind DESC) AS turn "
        f"FROM ({known}) AS known) AS ordered WHERE turn = 1"
    )
    for table, name, kind in PARTNERS:
        _take(table, name, kind)
    for table in APPEND_ONLY:
        _refuse_changes(table)


def downgrade() -> None:
    """Drop what takes names, and the names."""
    for table, _, _ in PARTNERS:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {table}_take_name ON {table}")
            op.execute(f"DROP FUNCTION {table}_take_name()")
        else:
            op.execute(f"DROP TRIGGER {table}_take_name_insert")
            op.execute(f"DROP TRIGGER {table}_take_name_update")
    op.drop_table('partner_names')


def _take(table: str, name: str, kind: str) -> None:
    taking = f"INSERT INTO partner_names (partner_id, kind, taken_at) VALUES (NEW.{name}, '{kind}', NEW.created_at);"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_take_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {taking} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_take_name AFTER INSERT OR UPDATE OF {name} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_take_name()"
        )
        return
    for change, on in (("insert", "INSERT"), ("update", f"UPDATE OF {name}")):
        op.execute(f"CREATE TRIGGER {table}_take_name_{change} AFTER {on} ON {table} BEGIN {taking} END")


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
