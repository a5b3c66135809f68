# SPDX-License-Identifier: Apache-2.0
"""The signed documents of receipts, as they were handed out: one per receipt, and one more where it became void. Append-only."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, ForeignKeyConstraint, Integer, String, Table, select

from cardservice.records.columns import Choice, Identifier, UtcTime, metadata, one_of
from cardservice.records.insert import insert_into

MAX_DOCUMENT = 1_024


class CashDocument(StrEnum):
    """What a document says of a receipt, by the names of credentials/cash_receipt.py."""

    RECEIPT = "receipt"
    VOID = "void"


cash_documents = Table(
    "cash_documents",
    metadata,
    Column("intermediary_id", Identifier, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Choice(CashDocument), primary_key=True),
    Column("document", String(MAX_DOCUMENT), nullable=False),
    Column("signed_at", UtcTime, nullable=False),
    one_of("kind", CashDocument),
    ForeignKeyConstraint(
        ["intermediary_id", "number"],
        ["cash_receipts.intermediary_id", "cash_receipts.number"],
        name="fk_cash_documents_receipt",
    ),
)


def keep(
    connection: Connection, intermediary_id: str, number: int, kind: CashDocument, document: str, at: datetime
) -> None:
    """Keep a document, unless there is one: whoever signs at the same moment hands out the first."""
    values = {
        "intermediary_id": intermediary_id,
        "number": number,
        "kind": kind,
        "document": document,
        "signed_at": at,
    }
    connection.execute(insert_into(connection, cash_documents).values(values).on_conflict_do_nothing())


def find(connection: Connection, intermediary_id: str, number: int, kind: CashDocument) -> str | None:
    """The document that was handed out; None where none was signed yet."""
    table = cash_documents.c
    query = select(table.document).where(
        table.intermediary_id == intermediary_id, table.number == number, table.kind == kind
    )
    return connection.execute(query).scalar_one_or_none()
