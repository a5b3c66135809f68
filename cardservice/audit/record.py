# SPDX-License-Identifier: Apache-2.0
"""``record``: write down what happened, in the transaction in which it happens."""

from cardservice.records import audit_events
from cardservice.records.audit_events import AuditEvent, AuditPosition
from cardservice.records.connection import Connection


def record(connection: Connection, *events: AuditEvent) -> list[AuditPosition]:
    """Append events to the trail. Once per transaction, as its last step: chains stay locked until it ends."""
    return audit_events.append(connection, events)
