# SPDX-License-Identifier: Apache-2.0
"""Ordering a card for a member, and the approvals of two other people."""

from cardservice.issuance.bureau import Bureau
from cardservice.issuance.identity import demand_identity
from cardservice.records import approvals, audit_events, members, orders
from cardservice.records.audit_events import AuditEvent
from cardservice.records.errors import RecordNotFound
from cardservice.records.orders import Order


def place_order(bureau: Bureau, *, member_ref: str, ordered_by: str, idempotency_key: str) -> Order:
    """Order a card for the member with this reference. The same key with the same request gives the same order again.

    Raises RecordNotFound for an unknown reference, IdempotencyConflict for the same key with another request, IdentityMismatch for a
    member whom the population registry knows otherwise (docs/decisions/0140).
    """
    at, order_id = bureau.now(), bureau.identifier()
    with bureau.database.begin() as connection:
        member = members.find_by_ref(connection, member_ref)
        if member is None:
            raise RecordNotFound(record="member")
        order = orders.place(
            connection,
            order_id=order_id,
            member_id=member.member_id,
            ordered_by=ordered_by,
            idempotency_key=idempotency_key,
            request={"member_ref": member_ref},
            at=at,
        )
        if order.order_id == order_id:
            demand_identity(connection, order)
            detail = {"order": order_id, "by": ordered_by}
            audit_events.append(connection, [AuditEvent("order.placed", at, detail, member_id=member.member_id)])
    return order


def approve_order(bureau: Bureau, *, order_id: str, approver: str) -> Order:
    """One person's approval; the second makes the order ready.

    Raises ApproverIsOrderer, AlreadyApproved, StateConflict, RecordNotFound, IdentityMismatch (the registry may have answered since).
    """
    at = bureau.now()
    with bureau.database.begin() as connection:
        order = approvals.approve(connection, order_id, approver, at)
        demand_identity(connection, order)
        detail = {"order": order_id, "by": approver, "state": order.state.value}
        audit_events.append(connection, [AuditEvent("order.approved", at, detail, member_id=order.member_id)])
    return order
