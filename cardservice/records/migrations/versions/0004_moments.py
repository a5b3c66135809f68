# SPDX-License-Identifier: Apache-2.0
"""Payments count from their moment, not their day; what a ledger leaves besides paid months; the moment of the event asked about."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
JAKARTA = timezone(timedelta(hours=7))

MONTHS = sa.table(
    "member_months",
    sa.column("member_id", IDENTIFIER),
    sa.column("paid_on", sa.Date()),
    sa.column("received_at", UTC_TIME),
    sa.column("recorded_at", UTC_TIME),
)
MEMBERS = sa.table("members", sa.column("member_id", IDENTIFIER), sa.column("created_at", UTC_TIME))
STANDING = sa.table(
    "card_standing", sa.column("card_id", IDENTIFIER), sa.column("sector", sa.Integer()), sa.column("paid_spans", sa.Text())
)


def upgrade() -> None:
    """Add the moments, taking the end of a day for its payments; then the account, and the event of a challenge."""
    op.add_column("member_months", sa.Column("received_at", UTC_TIME, nullable=True))
    op.add_column("member_months", sa.Column("recorded_at", UTC_TIME, nullable=True))
    connection = op.get_bind()
    enrolled = sa.select(MEMBERS.c.created_at).where(MEMBERS.c.member_id == MONTHS.c.member_id).scalar_subquery()
    connection.execute(sa.update(MONTHS).values(recorded_at=enrolled))
    for (day,) in connection.execute(sa.select(MONTHS.c.paid_on).where(MONTHS.c.paid_on.is_not(None)).distinct()).all():
        connection.execute(sa.update(MONTHS).where(MONTHS.c.paid_on == day).values(received_at=_stored(_end_of(day))))
    late = MONTHS.c.received_at > MONTHS.c.recorded_at
    connection.execute(sa.update(MONTHS).where(late).values(recorded_at=MONTHS.c.received_at))
    _replace_member_months("received_at", "recorded_at")
    _rewrite_spans(_with_moments)
    op.create_table(
        "member_account",
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("owed_from_jkk", sa.Integer(), nullable=True),
        sa.Column("owed_from_jkm", sa.Integer(), nullable=True),
        sa.Column("owed_from_jht", sa.Integer(), nullable=True),
        sa.CheckConstraint("credit >= 0", name=op.f("ck_member_account_credit_not_negative")),
        *(_month_in("member_account", f"owed_from_{name}") for name in ("jkk", "jkm", "jht")),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_member_account_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_account")),
    )
    op.add_column("challenges", sa.Column("event_at", UTC_TIME, nullable=True))


def downgrade() -> None:
    """Back to days."""
    op.drop_column("challenges", "event_at")
    op.drop_table("member_account")
    _rewrite_spans(_with_days)
    op.add_column("member_months", sa.Column("paid_on", sa.Date(), nullable=True))
    connection = op.get_bind()
    known = sa.select(MONTHS.c.received_at).where(MONTHS.c.received_at.is_not(None)).distinct()
    for (moment,) in connection.execute(known).all():
        day = _loaded(moment).astimezone(JAKARTA).date()
        connection.execute(sa.update(MONTHS).where(MONTHS.c.received_at == moment).values(paid_on=day))
    _replace_member_months("paid_on")


def _replace_member_months(*moments: str) -> None:
    """Leave just these columns of payment. SQLite can't change a column: the table is made anew and filled."""
    all_of_them = ("paid_on", "received_at", "recorded_at")
    if op.get_bind().dialect.name == "postgresql":
        for name in set(all_of_them) - set(moments):
            op.drop_column("member_months", name)
        if "recorded_at" in moments:
            op.alter_column("member_months", "recorded_at", nullable=False)
        return
    kinds: dict[str, sa.types.TypeEngine[Any]] = {"paid_on": sa.Date(), "received_at": UTC_TIME, "recorded_at": UTC_TIME}
    op.rename_table("member_months", "member_months_before")
    op.create_table(
        "member_months",
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("programme", NAME, nullable=False),
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        *(sa.Column(name, kinds[name], nullable=name != "recorded_at") for name in moments),
        sa.CheckConstraint("programme IN ('JHT', 'JKK', 'JKM')", name=op.f("ck_member_months_programme_known")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_member_months_amount_not_negative")),
        _month_in("member_months", "month"),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_member_months_member_id")),
        sa.PrimaryKeyConstraint("member_id", "programme", "month", name=op.f("pk_member_months")),
    )
    columns = ", ".join(("member_id", "programme", "month", "amount", *moments))
    op.execute(f"INSERT INTO member_months ({columns}) SELECT {columns} FROM member_months_before")
    op.drop_table("member_months_before")


def _month_in(table: str, column: str) -> sa.CheckConstraint:
    rule = f"{column} BETWEEN 190001 AND 999912 AND {column} % 100 BETWEEN 1 AND 12"
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{column}_month"))


def _rewrite_spans(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    connection = op.get_bind()
    for card_id, sector, text in connection.execute(sa.select(STANDING)).all():
        new = json.dumps(change(json.loads(text)), separators=(",", ":"), sort_keys=True)
        row = (STANDING.c.card_id == card_id) & (STANDING.c.sector == sector)
        connection.execute(sa.update(STANDING).where(row).values(paid_spans=new))


def _with_moments(paid: dict[str, Any]) -> dict[str, Any]:
    def moment(day: str | None) -> int | None:
        return None if day is None else (_end_of(date.fromisoformat(day)) - EPOCH) // MICROSECOND

    spans = {name: [[first, last, moment(day)] for first, last, day in runs] for name, runs in paid.items()}
    return {"credit": 0, "owed_from": {}, "paid": spans}


def _with_days(told: dict[str, Any]) -> dict[str, Any]:
    def day(moment: int | None) -> str | None:
        return None if moment is None else (EPOCH + moment * MICROSECOND).astimezone(JAKARTA).date().isoformat()

    return {name: [[first, last, day(at)] for first, last, at in runs] for name, runs in told["paid"].items()}


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), JAKARTA) - MICROSECOND


def _stored(moment: datetime) -> object:
    return moment if op.get_bind().dialect.name == "postgresql" else (moment - EPOCH) // MICROSECOND


def _loaded(value: datetime | int) -> datetime:
    return value if isinstance(value, datetime) else EPOCH + value * MICROSECOND
