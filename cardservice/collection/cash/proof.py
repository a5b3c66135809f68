# SPDX-License-Identifier: Apache-2.0
"""``signed_receipt``: a receipt as a document that a third party can check with the published audit keys (docs/decisions/0163)."""

from datetime import datetime

from cardservice.audit.signed_event import signed_event
from cardservice.collection.cash.agent import agent_at_work
from cardservice.collection.cash.take import RECEIPT_KIND
from cardservice.keys import Signer
from cardservice.records import agent_cash, audit_events
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound


def signed_receipt(connection: Connection, signer: Signer, code: str, number: int, at: datetime) -> dict[str, Json]:
    """The signed receipt with this number of an agent. Raises RecordNotFound, and what sealing a batch raises."""
    agent = agent_at_work(connection, code)
    receipt = agent_cash.find_receipt(connection, agent.intermediary_id, number=number)
    if receipt is None:
        raise RecordNotFound(record="cash-receipt")
    for kept in audit_events.of_member(connection, receipt.member_id):
        if kept.event.kind == RECEIPT_KIND and kept.event.detail.get("payment") == receipt.payment_id:
            return signed_event(connection, signer, kept, at)
    raise RecordNotFound(record="cash-receipt")
