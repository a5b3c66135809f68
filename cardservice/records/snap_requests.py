# SPDX-License-Identifier: Apache-2.0
"""What banks asked over SNAP and what they were answered: an X-EXTERNAL-ID is good for one request a day, and its answer is kept for a retry."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Column, Connection, Date, ForeignKey, Index, String, Table, Text, bindparam, select, update

from cardservice.records.columns import Identifier, UtcTime, metadata
from cardservice.records.insert import INSERT
from cardservice.records.partner_names import MAX_PARTNER
from cardservice.records.payments import MAX_REFERENCE

MAX_EXTERNAL_ID = 36

snap_requests = Table(
    "snap_requests",
    metadata,
    Column("partner_id", String(MAX_PARTNER), ForeignKey("banks.partner_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("external_id", String(MAX_EXTERNAL_ID), primary_key=True),
    Column("service", String(2), nullable=False),
    Column("request_id", String(MAX_REFERENCE), nullable=False),
    Column("payment_id", Identifier, nullable=True),
    Column("response_code", String(7), nullable=True),
    Column("answer", Text, nullable=True),
    Column("asked_at", UtcTime, nullable=False),
)
Index("ix_snap_requests_partner_id_request_id", snap_requests.c.partner_id, snap_requests.c.request_id)


@dataclass(frozen=True, slots=True)
class SnapRequest:
    """One request. ``request_id`` is its paymentRequestId or inquiryRequestId; ``answer`` the body as it was sent."""

    partner_id: str
    day: date
    external_id: str
    service: str
    request_id: str
    payment_id: str | None
    response_code: str | None
    answer: str | None
    asked_at: datetime


_KEY = (
    snap_requests.c.partner_id == bindparam("partner"),
    snap_requests.c.day == bindparam("on"),
    snap_requests.c.external_id == bindparam("external"),
)
_BEGIN = {
    dialect: insert(snap_requests).on_conflict_do_nothing().returning(snap_requests.c.day)
    for dialect, insert in INSERT.items()
}
_FIND = select(snap_requests).where(*_KEY)
_FINISH = (
    update(snap_requests)
    .where(*_KEY)
    .values(response_code=bindparam("code"), answer=bindparam("told"), payment_id=bindparam("payment"))
)
_CREDITED = (
    select(snap_requests)
    .where(
        snap_requests.c.partner_id == bindparam("partner"),
        snap_requests.c.request_id == bindparam("request"),
        snap_requests.c.payment_id.is_not(None),
    )
    .order_by(snap_requests.c.asked_at)
    .limit(1)
)


def begin(
    connection: Connection, partner_id: str, day: date, external_id: str, *, service: str, request_id: str, at: datetime
) -> bool:
    """Record the intent to answer; False where the X-EXTERNAL-ID was used that day. Waits for a transaction that is using it just now."""
    values = {
        "partner_id": partner_id,
        "day": day,
        "external_id": external_id,
        "service": service,
        "request_id": request_id,
        "asked_at": at,
        "payment_id": None,
        "response_code": None,
        "answer": None,
    }
    return connection.execute(_BEGIN[connection.dialect.name], values).first() is not None


def finish(
    connection: Connection,
    partner_id: str,
    day: date,
    external_id: str,
    *,
    response_code: str,
    answer: str,
    payment_id: str | None,
) -> None:
    """Record the outcome, in the transaction of begin()."""
    connection.execute(
        _FINISH,
        {
            "partner": partner_id,
            "on": day,
            "external": external_id,
            "code": response_code,
            "told": answer,
            "payment": payment_id,
        },
    )


def find(connection: Connection, partner_id: str, day: date, external_id: str) -> SnapRequest | None:
    """What was asked under an X-EXTERNAL-ID on a day."""
    asked = {"partner": partner_id, "on": day, "external": external_id}
    row = connection.execute(_FIND, asked).mappings().one_or_none()
    return None if row is None else SnapRequest(**row)


def credited(connection: Connection, partner_id: str, request_id: str) -> SnapRequest | None:
    """The request that was answered with a payment under this paymentRequestId."""
    row = connection.execute(_CREDITED, {"partner": partner_id, "request": request_id}).mappings().one_or_none()
    return None if row is None else SnapRequest(**row)
