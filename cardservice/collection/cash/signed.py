# SPDX-License-Identifier: Apache-2.0
"""``signed_receipt``: a receipt, or the notice that it is void, as a document that its holder can check off line (docs/decisions/0168).

The receipt that was committed is the intent, the signature the act, the document that is kept the outcome: no transaction is open while the
keys are asked, and whoever asks again gets the same document.
"""

from collections.abc import Callable
from datetime import datetime

from cardservice.credentials import cash_receipt
from cardservice.credentials.cash_receipt import ReceiptDocument, ReceiptKind
from cardservice.keys import Signer
from cardservice.records import agent_cash, cash_documents, cash_reversals, intermediaries, members
from cardservice.records.cash_documents import CashDocument
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import RecordNotFound


def signed_receipt(
    database: Database,
    signer: Callable[[], Signer],
    code: str,
    number: int,
    kind: ReceiptKind,
    *,
    issuer: str,
    at: datetime,
) -> str:
    """The document, compact JWS. ``signer`` is asked only where nothing was signed yet.

    Raises RecordNotFound, also for the notice of a receipt that stands, and whatever the signer raises: then ask again.
    """
    with database.read() as connection:
        own = intermediaries.get_by_code(connection, code).intermediary_id
        known = cash_documents.find(connection, own, number, CashDocument(kind))
        asked = _asked(connection, own, code, number, kind, issuer, at)
    if known is not None:
        return known
    document = cash_receipt.issue(signer(), asked)
    with database.begin() as connection:
        cash_documents.keep(connection, own, number, CashDocument(kind), document, at)
        kept = cash_documents.find(connection, own, number, CashDocument(kind))
    assert kept is not None
    return kept


def _asked(
    connection: Connection, own: str, code: str, number: int, kind: ReceiptKind, issuer: str, at: datetime
) -> ReceiptDocument:
    receipt = agent_cash.find_receipt(connection, own, number=number)
    void = cash_reversals.void_of(connection, own, number)
    if receipt is None or (kind is ReceiptKind.VOID and void is None):
        raise RecordNotFound(record="cash-receipt")
    member = members.get(connection, receipt.member_id)
    voided_at = void.voided_at if void is not None and kind is ReceiptKind.VOID else None
    return ReceiptDocument(
        issuer, at, kind, code, number, member.external_ref, receipt.rupiah, receipt.taken_at, voided_at
    )
