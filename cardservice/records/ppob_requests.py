# SPDX-License-Identifier: Apache-2.0
"""What aggregators asked under a reference, and what they were answered: a reference sent again gets the same answer."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, Date, ForeignKey, String, Table, Text, bindparam, select, update

from cardservice.records.columns import Choice, UtcTime, metadata, octets, octets_in, one_of
from cardservice.records.insert import INSERT
from cardservice.records.partner_names import MAX_PARTNER
from cardservice.records.payments import MAX_REFERENCE


class Step(StrEnum):
    """What is asked under one reference, each once."""

    INQUIRY = "INQUIRY"
    PAYMENT = "PAYMENT"
    REVERSAL = "REVERSAL"


ppob_requests = Table(
    "ppob_requests",
    metadata,
    Column("partner_id", String(MAX_PARTNER), ForeignKey("ppob_partners.partner_id"), primary_key=True),
    Column("reference", String(MAX_REFERENCE), primary_key=True),
    Column("step", Choice(Step), primary_key=True),
    octets("asked_sha256", 32),
    Column("day", Date, nullable=False),
    Column("answer", Text, nullable=True),
    Column("asked_at", UtcTime, nullable=False),
    octets_in("asked_sha256", 32),
    one_of("step", Step),
)


@dataclass(frozen=True, slots=True)
class PpobRequest:
    """One request. ``asked_sha256`` is over what was asked, so that another question under the reference is seen."""

    partner_id: str
    reference: str
    step: Step
    asked_sha256: bytes
    day: date
    answer: str | None
    asked_at: datetime


_KEY = (
    ppob_requests.c.partner_id == bindparam("partner"),
    ppob_requests.c.reference == bindparam("asked"),
    ppob_requests.c.step == bindparam("which"),
)
_BEGIN = {
    dialect: insert(ppob_requests).on_conflict_do_nothing().returning(ppob_requests.c.day)
    for dialect, insert in INSERT.items()
}
_FIND = select(ppob_requests).where(*_KEY)
_LOCK = (
    select(ppob_requests)
    .where(
        ppob_requests.c.partner_id == bindparam("partner"),
        ppob_requests.c.reference == bindparam("asked"),
        ppob_requests.c.step == Step.INQUIRY,
    )
    .with_for_update()
)
_FINISH = update(ppob_requests).where(*_KEY).values(answer=bindparam("told"))


def begin(connection: Connection, request: PpobRequest) -> bool:
    """Record the intent to answer; False where this step was asked before. Waits for a transaction that is answering it just now."""
    values = {name: getattr(request, name) for name in PpobRequest.__slots__}
    return connection.execute(_BEGIN[connection.dialect.name], values).first() is not None


def finish(connection: Connection, request: PpobRequest, answer: str) -> None:
    """Record the outcome, in the transaction of begin()."""
    asked = {"partner": request.partner_id, "asked": request.reference, "which": request.step, "told": answer}
    connection.execute(_FINISH, asked)


def lock_inquiry(connection: Connection, partner_id: str, reference: str) -> PpobRequest | None:
    """The inquiry of a reference, held until this transaction ends: its payment and its reversal wait for each other here."""
    row = connection.execute(_LOCK, {"partner": partner_id, "asked": reference}).mappings().one_or_none()
    return None if row is None else PpobRequest(**row)


def find(connection: Connection, partner_id: str, reference: str, step: Step) -> PpobRequest | None:
    """What was asked before."""
    asked = {"partner": partner_id, "asked": reference, "which": step}
    row = connection.execute(_FIND, asked).mappings().one_or_none()
    return None if row is None else PpobRequest(**row)
