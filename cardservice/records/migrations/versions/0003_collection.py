# SPDX-License-Identifier: Apache-2.0
"""Collection: payment partners, payment numbers, payments with their reversals and allocations, statements and differences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

APPEND_ONLY = ("payment_reversals", "payments")


def upgrade() -> None:
    """Make the tables, and refuse changes to what is append-only."""
    op.create_table('banks',
    sa.Column('partner_id', sa.String(length=36), nullable=False),
    sa.Column('client_id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=128), nullable=False),
    sa.Column('secret_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('signature', sa.String(length=16), nullable=False),
    sa.Column('encoding', sa.String(length=16), nullable=False),
    sa.Column('channel_id', sa.String(length=5), nullable=True),
    sa.Column('service_id', sa.String(length=8), nullable=False),
    sa.Column('bill_type', sa.String(length=1), nullable=False),
    sa.Column('most_bills', sa.Integer(), nullable=False),
    sa.Column('most_name', sa.Integer(), nullable=False),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('revoked_at', UTC_TIME, nullable=True),
    sa.CheckConstraint("bill_type IN ('C', 'I', 'L', 'M', 'N', 'O', 'X')", name=op.f('ck_banks_bill_type_known')),
    sa.CheckConstraint("encoding IN ('base64', 'hex')", name=op.f('ck_banks_encoding_known')),
    sa.CheckConstraint("signature IN ('asymmetric', 'symmetric')", name=op.f('ck_banks_signature_known')),
    sa.CheckConstraint('length(service_id) = 8', name=op.f('ck_banks_service_id_length')),
    sa.CheckConstraint('most_bills BETWEEN 1 AND 24', name=op.f('ck_banks_most_bills_range')),
    sa.CheckConstraint('most_name BETWEEN 1 AND 255', name=op.f('ck_banks_most_name_range')),
    sa.PrimaryKeyConstraint('partner_id', name=op.f('pk_banks')),
    sa.UniqueConstraint('client_id', name=op.f('uq_banks_client_id')),
    sa.UniqueConstraint('service_id', name=op.f('uq_banks_service_id'))
    )
    op.create_table('access_tokens',
    sa.Column('partner_id', sa.String(length=36), nullable=False),
    sa.Column('token_sha256', sa.LargeBinary(length=32), nullable=False),
    sa.Column('issued_at', UTC_TIME, nullable=False),
    sa.Column('expires_at', UTC_TIME, nullable=False),
    sa.CheckConstraint('expires_at > issued_at', name=op.f('ck_access_tokens_expires_later')),
    sa.CheckConstraint('length(token_sha256) = 32', name=op.f('ck_access_tokens_token_sha256_length')),
    sa.ForeignKeyConstraint(['partner_id'], ['banks.partner_id'], name=op.f('fk_access_tokens_partner_id')),
    sa.PrimaryKeyConstraint('partner_id', 'token_sha256', name=op.f('pk_access_tokens'))
    )
    op.create_index('ix_access_tokens_expires_at', 'access_tokens', ['expires_at'], unique=False)
    op.create_table('payment_numbers',
    sa.Column('member_id', IDENTIFIER, nullable=False),
    sa.Column('number', sa.String(length=16), nullable=False),
    sa.Column('shown_name', sa.String(length=30), nullable=False),
    sa.Column('assigned_at', UTC_TIME, nullable=False),
    sa.Column('expires_at', UTC_TIME, nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['members.member_id'], name=op.f('fk_payment_numbers_member_id')),
    sa.PrimaryKeyConstraint('member_id', 'number', name=op.f('pk_payment_numbers')),
    sa.UniqueConstraint('number', name=op.f('uq_payment_numbers_number'))
    )
    op.create_index('ux_payment_numbers_open', 'payment_numbers', ['member_id'], unique=True, sqlite_where=sa.text('expires_at IS NULL'), postgresql_where=sa.text('expires_at IS NULL'))
    op.create_table('payments',
    sa.Column('member_id', IDENTIFIER, nullable=False),
    sa.Column('payment_id', IDENTIFIER, nullable=False),
    sa.Column('partner_id', sa.String(length=36), nullable=False),
    sa.Column('reference', sa.String(length=128), nullable=False),
    sa.Column('channel', NAME, nullable=False),
    sa.Column('payer', NAME, nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('received_at', UTC_TIME, nullable=False),
    sa.Column('recorded_at', UTC_TIME, nullable=False),
    sa.Column('months', sa.Text(), nullable=False),
    sa.CheckConstraint("channel IN ('AGENT', 'GROUP', 'PPOB', 'VIRTUAL_ACCOUNT')", name=op.f('ck_payments_channel_known')),
    sa.CheckConstraint("payer IN ('apbd', 'apbn', 'group', 'self')", name=op.f('ck_payments_payer_known')),
    sa.CheckConstraint('amount BETWEEN 1 AND 100000000000000', name=op.f('ck_payments_amount_range')),
    sa.ForeignKeyConstraint(['member_id'], ['members.member_id'], name=op.f('fk_payments_member_id')),
    sa.PrimaryKeyConstraint('member_id', 'payment_id', name=op.f('pk_payments')),
    sa.UniqueConstraint('partner_id', 'reference', name=op.f('uq_payments_partner_id_reference')),
    sa.UniqueConstraint('payment_id', name=op.f('uq_payments_payment_id'))
    )
    op.create_index('ix_payments_partner_id_recorded_at', 'payments', ['partner_id', 'recorded_at'], unique=False)
    op.create_table('snap_requests',
    sa.Column('partner_id', sa.String(length=36), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('external_id', sa.String(length=36), nullable=False),
    sa.Column('service', sa.String(length=2), nullable=False),
    sa.Column('request_id', sa.String(length=128), nullable=False),
    sa.Column('payment_id', IDENTIFIER, nullable=True),
    sa.Column('response_code', sa.String(length=7), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('asked_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['partner_id'], ['banks.partner_id'], name=op.f('fk_snap_requests_partner_id')),
    sa.PrimaryKeyConstraint('partner_id', 'day', 'external_id', name=op.f('pk_snap_requests'))
    )
    op.create_index('ix_snap_requests_partner_id_request_id', 'snap_requests', ['partner_id', 'request_id'], unique=False)
    op.create_table('payment_allocations',
    sa.Column('member_id', IDENTIFIER, nullable=False),
    sa.Column('payment_id', IDENTIFIER, nullable=False),
    sa.Column('programme', NAME, nullable=False),
    sa.Column('month', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("programme IN ('JHT', 'JKK', 'JKM')", name=op.f('ck_payment_allocations_programme_known')),
    sa.CheckConstraint('amount > 0', name=op.f('ck_payment_allocations_amount_positive')),
    sa.CheckConstraint('month BETWEEN 190001 AND 999912 AND month % 100 BETWEEN 1 AND 12', name=op.f('ck_payment_allocations_month_month')),
    sa.ForeignKeyConstraint(['member_id', 'payment_id'], ['payments.member_id', 'payments.payment_id'], name='fk_payment_allocations_payment'),
    sa.PrimaryKeyConstraint('member_id', 'payment_id', 'programme', 'month', name=op.f('pk_payment_allocations'))
    )
    op.create_table('payment_reversals',
    sa.Column('member_id', IDENTIFIER, nullable=False),
    sa.Column('payment_id', IDENTIFIER, nullable=False),
    sa.Column('partner_id', sa.String(length=36), nullable=False),
    sa.Column('reason', sa.String(length=64), nullable=False),
    sa.Column('reversed_at', UTC_TIME, nullable=False),
    sa.Column('recorded_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['member_id', 'payment_id'], ['payments.member_id', 'payments.payment_id'], name='fk_payment_reversals_payment'),
    sa.PrimaryKeyConstraint('member_id', 'payment_id', name=op.f('pk_payment_reversals'))
    )
    for table in APPEND_ONLY:
        _refuse_changes(table)


def downgrade() -> None:
    """Drop them, triggers with their tables."""
    op.drop_table('payment_reversals')
    op.drop_table('payment_allocations')
    op.drop_index('ix_snap_requests_partner_id_request_id', table_name='snap_requests')
    op.drop_table('snap_requests')
    op.drop_index('ix_payments_partner_id_recorded_at', table_name='payments')
    op.drop_table('payments')
    op.drop_index('ux_payment_numbers_open', table_name='payment_numbers', sqlite_where=sa.text('expires_at IS NULL'), postgresql_where=sa.text('expires_at IS NULL'))
    op.drop_table('payment_numbers')
    op.drop_index('ix_access_tokens_expires_at', table_name='access_tokens')
    op.drop_table('access_tokens')
    op.drop_table('banks')


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
