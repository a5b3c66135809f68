# SPDX-License-Identifier: Apache-2.0
"""Names that payments are kept under: one namespace of banks, aggregators and intermediaries, in which a name is one's own for good.

Triggers take the name with the row that brings it (migration 0017), so that no way of adding a partner goes past it (decision 0182).
"""

from enum import StrEnum

from sqlalchemy import Column, String, Table

from cardservice.records.columns import Choice, UtcTime, metadata, one_of

MAX_PARTNER = 36  # X-PARTNER-ID
TAKEN = "pk_partner_names"  # the constraint that refuses a name for the second time


class PartnerKind(StrEnum):
    """Who brings money in under a name of their own."""

    BANK = "BANK"
    AGGREGATOR = "AGGREGATOR"
    INTERMEDIARY = "INTERMEDIARY"


partner_names = Table(
    "partner_names",
    metadata,
    Column("partner_id", String(MAX_PARTNER), primary_key=True),
    Column("kind", Choice(PartnerKind), nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    one_of("kind", PartnerKind),
)
