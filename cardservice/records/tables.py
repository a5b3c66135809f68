# SPDX-License-Identifier: Apache-2.0
"""Every table under one metadata: what the migrations must come to."""

from cardservice.records import (
    approvals,
    audit_batches,
    audit_events,
    card_keys,
    card_secrets,
    cards,
    certificates,
    challenges,
    cover_proofs,
    enrolments,
    intermediaries,
    journal,
    member_lists,
    member_months,
    members,
    orders,
    plans,
    standing,
    stock,
    verifications,
    verifiers,
)
from cardservice.records.columns import metadata

# Triggers on both databases refuse UPDATE and DELETE on these (migration 0001).
APPEND_ONLY = ("approvals", "audit_batches", "audit_events", "journal", "verifications")

__all__ = [
    "APPEND_ONLY",
    "approvals",
    "audit_batches",
    "audit_events",
    "card_keys",
    "card_secrets",
    "cards",
    "certificates",
    "challenges",
    "cover_proofs",
    "enrolments",
    "intermediaries",
    "journal",
    "member_lists",
    "member_months",
    "members",
    "metadata",
    "orders",
    "plans",
    "standing",
    "stock",
    "verifications",
    "verifiers",
]
