# SPDX-License-Identifier: Apache-2.0
"""The first tables: members, stock, cards, orders, keys, certificates, standing, verification, audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Types are spelled out here, not imported: a migration says what was, whatever the program becomes.
IDENTIFIER = sa.String(32)
NAME = sa.String(24)
UTC_TIME = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

APPEND_ONLY = ("approvals", "audit_batches", "audit_events", "journal", "verifications")
CHAINS = 16


def upgrade() -> None:
    """Make everything."""
    _make_tables()
    chains = sa.table("audit_chains", sa.column("chain"), sa.column("seq"), sa.column("head", sa.LargeBinary()))
    op.bulk_insert(chains, [{"chain": chain, "seq": 0, "head": bytes(32)} for chain in range(CHAINS)])
    if op.get_bind().dialect.name == "postgresql":
        _refuse_changes_on_postgresql()
    else:
        _refuse_changes_on_sqlite()


def downgrade() -> None:
    """Drop everything, triggers with their tables."""

    op.drop_table("certificates")
    op.drop_index("ix_verifications_verifier_id_at", table_name="verifications")
    op.drop_table("verifications")
    op.drop_table("journal")
    op.drop_table("cover_proofs")
    op.drop_index("ix_card_standing_member_id", table_name="card_standing")
    op.drop_table("card_standing")
    op.drop_table("card_secrets")
    op.drop_table("card_keys")
    op.drop_table("plans")
    op.drop_index(
        "ux_cards_live_member",
        table_name="cards",
        postgresql_where=sa.text("state IN ('ACTIVE', 'BOUND', 'PERSONALIZED', 'SUSPENDED')"),
        sqlite_where=sa.text("state IN ('ACTIVE', 'BOUND', 'PERSONALIZED', 'SUSPENDED')"),
    )
    op.drop_index("ix_cards_member_id", table_name="cards")
    op.drop_index("ix_cards_location_state", table_name="cards")
    op.drop_table("cards")
    op.drop_table("approvals")
    op.drop_table("orders")
    op.drop_table("member_months")
    op.drop_index("ix_challenges_expires_at", table_name="challenges")
    op.drop_table("challenges")
    op.drop_table("verifiers")
    op.drop_index(op.f("ix_stock_deliveries_location"), table_name="stock_deliveries")
    op.drop_table("stock_deliveries")
    op.drop_table("members")
    op.drop_index("ix_audit_events_member_id_at", table_name="audit_events")
    op.drop_index("ix_audit_events_card_id_at", table_name="audit_events")
    op.drop_table("audit_events")
    op.drop_table("audit_chains")
    op.drop_table("audit_batches")

    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")


def _refuse_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _refuse_changes_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            )


def _make_tables() -> None:

    op.create_table(
        "audit_batches",
        sa.Column("batch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.Column("tree_size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("length(root) = 32", name=op.f("ck_audit_batches_root_length")),
        sa.CheckConstraint("length(signature) = 64", name=op.f("ck_audit_batches_signature_length")),
        sa.PrimaryKeyConstraint("batch", name=op.f("pk_audit_batches")),
    )
    op.create_table(
        "audit_chains",
        sa.Column("chain", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("chain BETWEEN 0 AND 15", name=op.f("ck_audit_chains_chain_range")),
        sa.CheckConstraint("length(head) = 32", name=op.f("ck_audit_chains_head_length")),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_audit_chains")),
    )
    op.create_table(
        "audit_events",
        sa.Column("chain", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("card_id", IDENTIFIER, nullable=True),
        sa.Column("member_id", IDENTIFIER, nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("chain BETWEEN 0 AND 15", name=op.f("ck_audit_events_chain_range")),
        sa.CheckConstraint("length(head) = 32", name=op.f("ck_audit_events_head_length")),
        sa.CheckConstraint("length(leaf) = 32", name=op.f("ck_audit_events_leaf_length")),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_audit_events")),
    )
    op.create_index("ix_audit_events_card_id_at", "audit_events", ["card_id", "at"], unique=False)
    op.create_index("ix_audit_events_member_id_at", "audit_events", ["member_id", "at"], unique=False)
    op.create_table(
        "members",
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("external_ref", sa.String(length=64), nullable=False),
        sa.Column("nik_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("nik_index", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("birth_date_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("details_index", sa.LargeBinary(), nullable=False),
        sa.Column("work_sector", NAME, nullable=False),
        sa.Column("payer", NAME, nullable=False),
        sa.Column("income_band", sa.Integer(), nullable=False),
        sa.Column("programmes", NAME, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("payer IN ('apbd', 'apbn', 'group', 'self')", name=op.f("ck_members_payer_known")),
        sa.CheckConstraint("work_sector IN ('other', 'transport')", name=op.f("ck_members_work_sector_known")),
        sa.CheckConstraint("income_band > 0", name=op.f("ck_members_income_band_positive")),
        sa.CheckConstraint("length(details_index) = 16", name=op.f("ck_members_details_index_length")),
        sa.CheckConstraint("length(nik_index) = 16", name=op.f("ck_members_nik_index_length")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_members")),
        sa.UniqueConstraint("external_ref", name=op.f("uq_members_external_ref")),
        sa.UniqueConstraint("nik_index", name=op.f("uq_members_nik_index")),
    )
    op.create_table(
        "stock_deliveries",
        sa.Column("chip_serial", sa.String(length=64), nullable=False),
        sa.Column("location", sa.String(length=64), nullable=False),
        sa.Column("received_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("chip_serial", name=op.f("pk_stock_deliveries")),
    )
    op.create_index(op.f("ix_stock_deliveries_location"), "stock_deliveries", ["location"], unique=False)
    op.create_table(
        "verifiers",
        sa.Column("verifier_id", IDENTIFIER, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("sector", sa.Integer(), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("revoked_at", UTC_TIME, nullable=True),
        sa.CheckConstraint(
            "kind IN ('BANK', 'COUNTER', 'HEALTH_FACILITY', 'MERCHANT', 'TELCO', 'TRANSPORT')",
            name=op.f("ck_verifiers_kind_known"),
        ),
        sa.CheckConstraint("length(secret_sha256) = 32", name=op.f("ck_verifiers_secret_sha256_length")),
        sa.CheckConstraint("sector BETWEEN 1 AND 255", name=op.f("ck_verifiers_sector_range")),
        sa.PrimaryKeyConstraint("verifier_id", name=op.f("pk_verifiers")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_verifiers_secret_sha256")),
    )
    op.create_table(
        "challenges",
        sa.Column("challenge_id", IDENTIFIER, nullable=False),
        sa.Column("verifier_id", IDENTIFIER, nullable=False),
        sa.Column("terminal_id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("programme", NAME, nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.Column("used_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("programme IN ('JHT', 'JKK', 'JKM')", name=op.f("ck_challenges_programme_known")),
        sa.CheckConstraint("expires_at > issued_at", name=op.f("ck_challenges_expires_later")),
        sa.CheckConstraint("length(nonce) = 16", name=op.f("ck_challenges_nonce_length")),
        sa.ForeignKeyConstraint(["verifier_id"], ["verifiers.verifier_id"], name=op.f("fk_challenges_verifier_id")),
        sa.PrimaryKeyConstraint("challenge_id", name=op.f("pk_challenges")),
    )
    op.create_index("ix_challenges_expires_at", "challenges", ["expires_at"], unique=False)
    op.create_table(
        "member_months",
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("programme", NAME, nullable=False),
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.CheckConstraint("programme IN ('JHT', 'JKK', 'JKM')", name=op.f("ck_member_months_programme_known")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_member_months_amount_not_negative")),
        sa.CheckConstraint(
            "month BETWEEN 190001 AND 999912 AND month % 100 BETWEEN 1 AND 12",
            name=op.f("ck_member_months_month_month"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_member_months_member_id")),
        sa.PrimaryKeyConstraint("member_id", "programme", "month", name=op.f("pk_member_months")),
    )
    op.create_table(
        "orders",
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("order_id", IDENTIFIER, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("ordered_by", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=128), nullable=False),
        sa.Column("request_fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("updated_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(
            "state IN ('APPROVED', 'BOUND', 'DONE', 'ORDERED', 'VOID')", name=op.f("ck_orders_state_known")
        ),
        sa.CheckConstraint("length(request_fingerprint) = 32", name=op.f("ck_orders_request_fingerprint_length")),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_orders_member_id")),
        sa.PrimaryKeyConstraint("member_id", "order_id", name=op.f("pk_orders")),
        sa.UniqueConstraint(
            "member_id", "order_id", "ordered_by", name=op.f("uq_orders_member_id_order_id_ordered_by")
        ),
        sa.UniqueConstraint("order_id", name=op.f("uq_orders_order_id")),
        sa.UniqueConstraint("ordered_by", "idempotency_key", name=op.f("uq_orders_ordered_by_idempotency_key")),
    )
    op.create_table(
        "approvals",
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("order_id", IDENTIFIER, nullable=False),
        sa.Column("approver", sa.String(length=64), nullable=False),
        sa.Column("ordered_by", sa.String(length=64), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.CheckConstraint("approver <> ordered_by", name=op.f("ck_approvals_approver_is_not_orderer")),
        sa.ForeignKeyConstraint(
            ["member_id", "order_id", "ordered_by"],
            ["orders.member_id", "orders.order_id", "orders.ordered_by"],
            name="fk_approvals_order",
        ),
        sa.PrimaryKeyConstraint("member_id", "order_id", "approver", name=op.f("pk_approvals")),
    )
    op.create_table(
        "cards",
        sa.Column("card_id", IDENTIFIER, nullable=False),
        sa.Column("chip_serial", sa.String(length=64), nullable=False),
        sa.Column("kdd", sa.LargeBinary(), nullable=True),
        sa.Column("location", sa.String(length=64), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("member_id", IDENTIFIER, nullable=True),
        sa.Column("order_id", IDENTIFIER, nullable=True),
        sa.Column("updated_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(
            "NOT (state IN ('ACTIVE', 'BOUND', 'PERSONALIZED', 'SUSPENDED')) OR (member_id IS NOT NULL AND order_id IS NOT NULL AND kdd IS NOT NULL)",
            name=op.f("ck_cards_live_is_somebodys"),
        ),
        sa.CheckConstraint(
            "state <> 'STOCK' OR (member_id IS NULL AND order_id IS NULL)", name=op.f("ck_cards_stock_is_nobodys")
        ),
        sa.CheckConstraint(
            "state IN ('ACTIVE', 'BOUND', 'DESTROYED', 'PERSONALIZED', 'REVOKED', 'SPOILED', 'STOCK', 'SUSPENDED')",
            name=op.f("ck_cards_state_known"),
        ),
        sa.CheckConstraint("length(kdd) = 10", name=op.f("ck_cards_kdd_length")),
        sa.ForeignKeyConstraint(
            ["member_id", "order_id"], ["orders.member_id", "orders.order_id"], name=op.f("fk_cards_member_id_order_id")
        ),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_cards")),
        sa.UniqueConstraint("chip_serial", name=op.f("uq_cards_chip_serial")),
        sa.UniqueConstraint("kdd", name=op.f("uq_cards_kdd")),
    )
    op.create_index("ix_cards_location_state", "cards", ["location", "state"], unique=False)
    op.create_index("ix_cards_member_id", "cards", ["member_id", "state"], unique=False)
    op.create_index(
        "ux_cards_live_member",
        "cards",
        ["member_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('ACTIVE', 'BOUND', 'PERSONALIZED', 'SUSPENDED')"),
        sqlite_where=sa.text("state IN ('ACTIVE', 'BOUND', 'PERSONALIZED', 'SUSPENDED')"),
    )
    op.create_table(
        "plans",
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("order_id", IDENTIFIER, nullable=False),
        sa.Column("plan_hash", sa.LargeBinary(), nullable=False),
        sa.Column("objects_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("wiped_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("(objects_sealed IS NULL) = (wiped_at IS NOT NULL)", name=op.f("ck_plans_wiped_means_gone")),
        sa.CheckConstraint("length(plan_hash) = 32", name=op.f("ck_plans_plan_hash_length")),
        sa.ForeignKeyConstraint(
            ["member_id", "order_id"], ["orders.member_id", "orders.order_id"], name="fk_plans_order"
        ),
        sa.PrimaryKeyConstraint("member_id", "order_id", name=op.f("pk_plans")),
    )
    op.create_table(
        "card_keys",
        sa.Column("card_id", IDENTIFIER, nullable=False),
        sa.Column("slot", sa.String(length=8), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("spki_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("point", sa.LargeBinary(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("state IN ('ABANDONED', 'CERTIFIED', 'CREATED')", name=op.f("ck_card_keys_state_known")),
        sa.CheckConstraint("generation > 0", name=op.f("ck_card_keys_generation_positive")),
        sa.CheckConstraint("length(point) = 65", name=op.f("ck_card_keys_point_length")),
        sa.CheckConstraint("length(spki_sha256) = 32", name=op.f("ck_card_keys_spki_sha256_length")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.card_id"], name=op.f("fk_card_keys_card_id")),
        sa.PrimaryKeyConstraint("card_id", "slot", "generation", name=op.f("pk_card_keys")),
        sa.UniqueConstraint("spki_sha256", name=op.f("uq_card_keys_spki_sha256")),
    )
    op.create_table(
        "card_secrets",
        sa.Column("card_id", IDENTIFIER, nullable=False),
        sa.Column("kind", NAME, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("kind IN ('PUK')", name=op.f("ck_card_secrets_kind_known")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.card_id"], name=op.f("fk_card_secrets_card_id")),
        sa.PrimaryKeyConstraint("card_id", "kind", name=op.f("pk_card_secrets")),
    )
    op.create_table(
        "card_standing",
        sa.Column("card_id", IDENTIFIER, nullable=False),
        sa.Column("sector", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("face", sa.LargeBinary(), nullable=False),
        sa.Column("key_thumbprint", sa.LargeBinary(), nullable=False),
        sa.Column("key_point", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", IDENTIFIER, nullable=False),
        sa.Column("life_cycle", NAME, nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.Column("programmes", NAME, nullable=False),
        sa.Column("paid_through_jkk", sa.Integer(), nullable=True),
        sa.Column("paid_through_jkm", sa.Integer(), nullable=True),
        sa.Column("paid_through_jht", sa.Integer(), nullable=True),
        sa.Column("paid_spans", sa.Text(), nullable=False),
        sa.Column("work_sector", NAME, nullable=False),
        sa.Column("payer", NAME, nullable=False),
        sa.Column("full_monthly_jkk", sa.Integer(), nullable=True),
        sa.Column("full_monthly_jht", sa.Integer(), nullable=True),
        sa.Column("status_list", sa.Integer(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("updated_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(
            "life_cycle IN ('ACTIVE', 'BOUND', 'DESTROYED', 'PERSONALIZED', 'REVOKED', 'SPOILED', 'STOCK', 'SUSPENDED')",
            name=op.f("ck_card_standing_life_cycle_known"),
        ),
        sa.CheckConstraint("payer IN ('apbd', 'apbn', 'group', 'self')", name=op.f("ck_card_standing_payer_known")),
        sa.CheckConstraint(
            "status = 'INVALID' OR life_cycle = 'ACTIVE'", name=op.f("ck_card_standing_valid_only_while_active")
        ),
        sa.CheckConstraint("status IN ('INVALID', 'VALID')", name=op.f("ck_card_standing_status_known")),
        sa.CheckConstraint("work_sector IN ('other', 'transport')", name=op.f("ck_card_standing_work_sector_known")),
        sa.CheckConstraint("length(face) = 16", name=op.f("ck_card_standing_face_length")),
        sa.CheckConstraint("length(key_point) = 65", name=op.f("ck_card_standing_key_point_length")),
        sa.CheckConstraint("length(key_thumbprint) = 32", name=op.f("ck_card_standing_key_thumbprint_length")),
        sa.CheckConstraint(
            "paid_through_jht BETWEEN 190001 AND 999912 AND paid_through_jht % 100 BETWEEN 1 AND 12",
            name=op.f("ck_card_standing_paid_through_jht_month"),
        ),
        sa.CheckConstraint(
            "paid_through_jkk BETWEEN 190001 AND 999912 AND paid_through_jkk % 100 BETWEEN 1 AND 12",
            name=op.f("ck_card_standing_paid_through_jkk_month"),
        ),
        sa.CheckConstraint(
            "paid_through_jkm BETWEEN 190001 AND 999912 AND paid_through_jkm % 100 BETWEEN 1 AND 12",
            name=op.f("ck_card_standing_paid_through_jkm_month"),
        ),
        sa.CheckConstraint("sector BETWEEN 1 AND 255", name=op.f("ck_card_standing_sector_range")),
        sa.CheckConstraint("status_list >= 0 AND status_index >= 0", name=op.f("ck_card_standing_status_place")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.card_id"], name=op.f("fk_card_standing_card_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_card_standing_member_id")),
        sa.PrimaryKeyConstraint("card_id", "sector", name=op.f("pk_card_standing")),
        sa.UniqueConstraint("face", name=op.f("uq_card_standing_face")),
        sa.UniqueConstraint("key_thumbprint", name=op.f("uq_card_standing_key_thumbprint")),
        sa.UniqueConstraint("status_list", "status_index", name=op.f("uq_card_standing_status_list_status_index")),
    )
    op.create_index("ix_card_standing_member_id", "card_standing", ["member_id"], unique=False)
    op.create_table(
        "cover_proofs",
        sa.Column("card_id", IDENTIFIER, nullable=False),
        sa.Column("sector", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("length(proof) BETWEEN 1 AND 231", name=op.f("ck_cover_proofs_proof_length")),
        sa.CheckConstraint("sector BETWEEN 1 AND 255", name=op.f("ck_cover_proofs_sector_range")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.card_id"], name=op.f("fk_cover_proofs_card_id")),
        sa.PrimaryKeyConstraint("card_id", "sector", "generation", name=op.f("pk_cover_proofs")),
    )
    op.create_table(
        "journal",
        sa.Column("card_id", IDENTIFIER, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_id", IDENTIFIER, nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("phase", NAME, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.CheckConstraint("phase IN ('INTENT', 'OUTCOME')", name=op.f("ck_journal_phase_known")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.card_id"], name=op.f("fk_journal_card_id")),
        sa.PrimaryKeyConstraint("card_id", "seq", name=op.f("pk_journal")),
    )
    op.create_table(
        "verifications",
        sa.Column("card_id", IDENTIFIER, nullable=False),
        sa.Column("receipt_id", IDENTIFIER, nullable=False),
        sa.Column("verifier_id", IDENTIFIER, nullable=False),
        sa.Column("challenge_id", IDENTIFIER, nullable=False),
        sa.Column("outcome", sa.String(length=48), nullable=False),
        sa.Column("programme", NAME, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("token_id", sa.String(length=64), nullable=True),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.CheckConstraint("programme IN ('JHT', 'JKK', 'JKM')", name=op.f("ck_verifications_programme_known")),
        sa.CheckConstraint("length(leaf) = 32", name=op.f("ck_verifications_leaf_length")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.card_id"], name=op.f("fk_verifications_card_id")),
        sa.ForeignKeyConstraint(["verifier_id"], ["verifiers.verifier_id"], name=op.f("fk_verifications_verifier_id")),
        sa.PrimaryKeyConstraint("card_id", "receipt_id", name=op.f("pk_verifications")),
        sa.UniqueConstraint("challenge_id", name=op.f("uq_verifications_challenge_id")),
        sa.UniqueConstraint("receipt_id", name=op.f("uq_verifications_receipt_id")),
        sa.UniqueConstraint("token_id", name=op.f("uq_verifications_token_id")),
    )
    op.create_index("ix_verifications_verifier_id_at", "verifications", ["verifier_id", "at"], unique=False)
    op.create_table(
        "certificates",
        sa.Column("card_id", IDENTIFIER, nullable=False),
        sa.Column("slot", sa.String(length=8), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("tbs_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.Column("issued_at", UTC_TIME, nullable=True),
        sa.CheckConstraint(
            "(state = 'ISSUED') = (der IS NOT NULL AND issued_at IS NOT NULL)",
            name=op.f("ck_certificates_issued_means_there"),
        ),
        sa.CheckConstraint("state IN ('ABANDONED', 'INTENT', 'ISSUED')", name=op.f("ck_certificates_state_known")),
        sa.CheckConstraint("length(serial) BETWEEN 1 AND 20", name=op.f("ck_certificates_serial_length")),
        sa.CheckConstraint("length(tbs_hash) = 32", name=op.f("ck_certificates_tbs_hash_length")),
        sa.ForeignKeyConstraint(
            ["card_id", "slot", "generation"],
            ["card_keys.card_id", "card_keys.slot", "card_keys.generation"],
            name="fk_certificates_key",
        ),
        sa.PrimaryKeyConstraint("card_id", "slot", "generation", name=op.f("pk_certificates")),
        sa.UniqueConstraint("serial", name=op.f("uq_certificates_serial")),
    )
