# SPDX-License-Identifier: Apache-2.0
"""Certificates of card keys: intended before they are signed, so that none is signed twice for different keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    bindparam,
    func,
    select,
    update,
)

from cardservice.records.card_keys import MAX_SLOT
from cardservice.records.card_state import LIVE, CardState
from cardservice.records.cards import cards
from cardservice.records.columns import Choice, UtcTime, identifier, metadata, octets, octets_in, one_of
from cardservice.records.constraints import refusing, refusing_one
from cardservice.records.errors import CertificateConflict, RecordNotFound, StateConflict

CARD_AUTHENTICATION = "9E"  # the slot whose certificate stands for the card's own (SP 800-73 part 1, 3.1.4)


class CertificateState(StrEnum):
    """Where a certificate stands."""

    INTENT = "INTENT"
    ISSUED = "ISSUED"
    ABANDONED = "ABANDONED"


certificates = Table(
    "certificates",
    metadata,
    identifier("card_id", primary_key=True),
    Column("slot", String(MAX_SLOT), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("serial", LargeBinary, nullable=False, unique=True),
    octets("tbs_hash", 32),
    Column("state", Choice(CertificateState), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("der", LargeBinary, nullable=True),
    Column("issued_at", UtcTime, nullable=True),
    ForeignKeyConstraint(
        ["card_id", "slot", "generation"],
        ["card_keys.card_id", "card_keys.slot", "card_keys.generation"],
        name="fk_certificates_key",
    ),
    one_of("state", CertificateState),
    octets_in("tbs_hash", 32),
    CheckConstraint("length(serial) BETWEEN 1 AND 20", name="serial_length"),
    CheckConstraint("(state = 'ISSUED') = (der IS NOT NULL AND issued_at IS NOT NULL)", name="issued_means_there"),
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate, intended or issued.

    ``serial`` is its serial number, big-endian, at most 20 bytes (RFC 5280, 4.1.2.2); ``tbs_hash`` the SHA-256 of what is to be signed.
    """

    card_id: str
    slot: str
    generation: int
    serial: bytes
    tbs_hash: bytes
    state: CertificateState
    created_at: datetime
    der: bytes | None = None
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CertifiedCard:
    """A live card and the newest certificate (DER) of its key 9E."""

    card_id: str
    chip_serial: str
    state: CardState
    member_id: str
    der: bytes


# Built once: building a statement costs more than running it.
_COLUMNS = tuple(each.name for each in fields(Certificate))
_INTEND = certificates.insert()
_ISSUE = (
    update(certificates)
    .where(
        certificates.c.card_id == bindparam("card"),
        certificates.c.slot == bindparam("in_slot"),
        certificates.c.generation == bindparam("made"),
        certificates.c.state == CertificateState.INTENT,
    )
    .values(state=CertificateState.ISSUED, der=bindparam("signed"), issued_at=bindparam("at"))
)


def intend(connection: Connection, certificate: Certificate) -> Certificate:
    """Store the intent to sign; the same intent again gives back what is stored, issued or not.

    Raises CertificateConflict for another intent on the same key and for a serial number that was used.
    """
    taken = CertificateConflict(card_id=certificate.card_id, slot=certificate.slot)
    try:
        with refusing_one(connection, {"uq_certificates_serial": taken, "pk_certificates": taken}):
            connection.execute(_INTEND, _values(certificate))
    except CertificateConflict:
        stored = find(connection, certificate.card_id, certificate.slot, certificate.generation)
        if stored is None or (stored.serial, stored.tbs_hash) != (certificate.serial, certificate.tbs_hash):
            raise
        return stored
    return certificate


def intend_all(connection: Connection, intents: Sequence[Certificate]) -> None:
    """Store the intents to sign for one card, all or none. Raises CertificateConflict as intend() does, without naming the slot."""
    if not intents:
        return
    taken = CertificateConflict(card_id=intents[0].card_id, slot=",".join(intent.slot for intent in intents))
    with refusing(connection, {"uq_certificates_serial": taken, "pk_certificates": taken}):
        connection.execute(_INTEND, [_values(intent) for intent in intents])


def issue_all(
    connection: Connection, card_id: str, generation: int, signed: Mapping[str, bytes], *, at: datetime
) -> None:
    """INTENT -> ISSUED for one generation of a card's keys, DER by slot. Raises StateConflict if one was no intent; then roll back."""
    if not signed:
        return
    here = {"card": card_id, "made": generation, "at": at}
    done = connection.execute(_ISSUE, [here | {"in_slot": slot, "signed": der} for slot, der in signed.items()])
    if done.rowcount != len(signed):
        raise StateConflict(
            record="certificate",
            expected=f"{len(signed)} {CertificateState.INTENT.value}",
            found=f"{done.rowcount}",
        )


def issue(connection: Connection, card_id: str, slot: str, generation: int, *, der: bytes, at: datetime) -> None:
    """INTENT -> ISSUED with the signed certificate. Raises StateConflict, RecordNotFound."""
    _leave_intent(
        connection, card_id, slot, generation, {"state": CertificateState.ISSUED, "der": der, "issued_at": at}
    )


def abandon(connection: Connection, card_id: str, slot: str, generation: int) -> None:
    """INTENT -> ABANDONED: it will never be signed. Raises StateConflict, RecordNotFound."""
    _leave_intent(connection, card_id, slot, generation, {"state": CertificateState.ABANDONED})


def find(connection: Connection, card_id: str, slot: str, generation: int) -> Certificate | None:
    """The certificate of one key, if there is one."""
    row = connection.execute(select(certificates).where(*_here(card_id, slot, generation))).mappings().one_or_none()
    return None if row is None else Certificate(**row)


def of_card(connection: Connection, card_id: str) -> tuple[Certificate, ...]:
    """Every certificate of a card, by slot and generation."""
    query = select(certificates).where(certificates.c.card_id == card_id)
    query = query.order_by(certificates.c.slot, certificates.c.generation)
    return tuple(Certificate(**row) for row in connection.execute(query).mappings())


def of_live_cards(connection: Connection, after: str, limit: int) -> list[CertifiedCard]:
    """The live cards that come after ``after``, by card, each with the newest certificate of its key 9E."""
    table = certificates.c
    newest = (
        select(table.card_id, func.max(table.generation).label("generation"))
        .join(cards, cards.c.card_id == table.card_id)
        .where(table.slot == CARD_AUTHENTICATION, table.state == CertificateState.ISSUED, table.card_id > after)
        .where(cards.c.state.in_(LIVE))
        .group_by(table.card_id)
        .order_by(table.card_id)
        .limit(limit)
        .subquery()
    )
    query = (
        select(cards.c.card_id, cards.c.chip_serial, cards.c.state, cards.c.member_id, table.der)
        .join(newest, newest.c.card_id == cards.c.card_id)
        .join(
            certificates,
            and_(
                table.card_id == newest.c.card_id,
                table.slot == CARD_AUTHENTICATION,
                table.generation == newest.c.generation,
            ),
        )
        .order_by(cards.c.card_id)
    )
    return [CertifiedCard(**row) for row in connection.execute(query).mappings()]


def _leave_intent(connection: Connection, card_id: str, slot: str, generation: int, values: dict[str, Any]) -> None:
    here = _here(card_id, slot, generation)
    done = connection.execute(
        update(certificates).where(*here, certificates.c.state == CertificateState.INTENT).values(values)
    )
    if done.rowcount != 1:
        found = find(connection, card_id, slot, generation)
        if found is None:
            raise RecordNotFound(record="certificate")
        raise StateConflict(record="certificate", expected=CertificateState.INTENT.value, found=found.state.value)


def _here(card_id: str, slot: str, generation: int) -> tuple[Any, ...]:
    table = certificates.c
    return (table.card_id == card_id, table.slot == slot, table.generation == generation)


def _values(certificate: Certificate) -> dict[str, object]:
    return {name: getattr(certificate, name) for name in _COLUMNS}
