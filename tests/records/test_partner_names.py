# SPDX-License-Identifier: Apache-2.0
"""A payment partner's name is its own, by constraint, whoever brings it and however; databases of before keep both, and are told."""

from dataclasses import replace
from datetime import datetime

import pytest
from alembic import command
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from cardservice.records import banks, intermediaries, name_clashes, ppob_partners, schema
from cardservice.records.banks import Bank
from cardservice.records.connection import Connection
from cardservice.records.database import Database
from cardservice.records.errors import BankExists, PartnerNameTaken, PpobPartnerExists
from cardservice.records.intermediaries import SCHEME_CODE, SCHEME_ID, Intermediary, IntermediaryKind
from cardservice.records.name_clashes import NameClash
from cardservice.records.partner_names import PartnerKind, partner_names
from cardservice.records.ppob_partners import PpobPartner
from tests.records import rows

NAME = rows.identifier("partner", 1)


def bank(name: str = NAME, at: datetime = rows.NOW) -> Bank:
    return Bank(name, "client", "Bank", b"s", b"k", "symmetric", "base64", None, "   88899", "C", 5, 30, at)


def aggregator(name: str = NAME, at: datetime = rows.NOW) -> PpobPartner:
    return PpobPartner(name, "Switch", bytes(32), "C", at)


def intermediary(connection: Connection, name: str = NAME) -> Intermediary:
    root = intermediaries.get_by_code(connection, SCHEME_CODE)
    lineage = f"{root.lineage}/{name}"
    return replace(
        root,
        intermediary_id=name,
        code="KOP-A",
        kind=IntermediaryKind.COOPERATIVE,
        parent_id=SCHEME_ID,
        parent_lineage=root.lineage,
        lineage=lineage,
        created_at=rows.NOW,
    )


def add(connection: Connection, kind: PartnerKind) -> None:
    match kind:
        case PartnerKind.BANK:
            banks.add(connection, bank())
        case PartnerKind.AGGREGATOR:
            ppob_partners.add(connection, aggregator())
        case PartnerKind.INTERMEDIARY:
            intermediaries.add(connection, intermediary(connection))


PAIRS = [(first, second) for first in PartnerKind for second in PartnerKind if first is not second]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_name_is_refused_to_a_partner_of_any_other_kind(
    database: Database, first: PartnerKind, second: PartnerKind
) -> None:
    with database.begin() as connection:
        add(connection, first)
        with pytest.raises(PartnerNameTaken) as refused:
            add(connection, second)
        assert refused.value.evidence == {"partner_id": NAME}
        # The transaction goes on, and nothing of the second stays.
        kinds = connection.execute(select(partner_names.c.kind).where(partner_names.c.partner_id == NAME)).scalars()
        assert list(kinds) == [first]
        assert name_clashes.every(connection) == ()


def test_the_same_kind_twice_is_told_as_before(database: Database) -> None:
    with database.begin() as connection:
        banks.add(connection, bank())
        with pytest.raises(BankExists):
            banks.add(connection, bank())
        ppob_partners.add(connection, aggregator("switch"))
        with pytest.raises(PpobPartnerExists):
            ppob_partners.add(connection, replace(aggregator("switch"), secret_sha256=bytes(31) + b"1"))


def test_a_name_stays_taken_when_its_partner_was_let_go_and_none_is_changed_into_it_by_hand(database: Database) -> None:
    with database.begin() as connection:
        banks.add(connection, bank())
        banks.revoke(connection, NAME, rows.NOW)
        with pytest.raises(PartnerNameTaken):
            ppob_partners.add(connection, aggregator())
        ppob_partners.add(connection, aggregator("switch"))
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(text("UPDATE ppob_partners SET partner_id = :name"), {"name": NAME})


def test_sabotage_without_the_trigger_both_are_taken_in(database: Database) -> None:
    """Sabotage: aggregators take no names."""
    is_postgresql = database.engine.dialect.name == "postgresql"
    trigger = "ppob_partners_take_name ON ppob_partners" if is_postgresql else "ppob_partners_take_name_insert"
    with database.begin() as connection:
        connection.execute(text(f"DROP TRIGGER {trigger}"))
        add(connection, PartnerKind.BANK)
        add(connection, PartnerKind.AGGREGATOR)
        assert name_clashes.every(connection) == (NameClash(NAME, PartnerKind.AGGREGATOR, PartnerKind.BANK),)


@pytest.mark.parametrize("bank_is_first", [True, False])
def test_a_database_of_before_loses_nobody_and_the_first_owns_the_name(
    database: Database, *, bank_is_first: bool
) -> None:
    earlier, later = (rows.NOW, rows.LATER) if bank_is_first else (rows.LATER, rows.NOW)
    with database.begin() as connection:
        command.downgrade(schema._config(connection), "0016")
        banks.add(connection, bank(at=earlier))
        ppob_partners.add(connection, aggregator(at=later))
        banks_before, aggregators_before = banks.every(connection), ppob_partners.every(connection)
        command.upgrade(schema._config(connection), "head")
        assert (banks.every(connection), ppob_partners.every(connection)) == (banks_before, aggregators_before)
        kinds = (
            (PartnerKind.AGGREGATOR, PartnerKind.BANK) if bank_is_first else (PartnerKind.BANK, PartnerKind.AGGREGATOR)
        )
        assert name_clashes.every(connection) == (NameClash(NAME, *kinds),)
        ppob_partners.revoke(connection, NAME, rows.LATER)
        assert name_clashes.every(connection) == ()
