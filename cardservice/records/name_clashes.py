# SPDX-License-Identifier: Apache-2.0
"""Partners under a name that belongs to another: of before names were taken (decision 0182). Their rows stay as they are until somebody decides."""

from dataclasses import dataclass

from sqlalchemy import Connection, literal, null, select, union_all

from cardservice.records.banks import banks
from cardservice.records.intermediaries import intermediaries
from cardservice.records.partner_names import PartnerKind, partner_names
from cardservice.records.ppob_partners import ppob_partners

# Everybody at work who has a name. Intermediaries are suspended, never let go.
_AT_WORK = union_all(
    *(
        select(name.label("partner_id"), literal(kind.value).label("kind")).where(revoked_at.is_(None))
        for name, kind, revoked_at in (
            (banks.c.partner_id, PartnerKind.BANK, banks.c.revoked_at),
            (ppob_partners.c.partner_id, PartnerKind.AGGREGATOR, ppob_partners.c.revoked_at),
            (intermediaries.c.intermediary_id, PartnerKind.INTERMEDIARY, null()),
        )
    )
)


@dataclass(frozen=True, slots=True)
class NameClash:
    """A partner of ``kind`` whose name is another's, of the kind ``owner``."""

    partner_id: str
    kind: PartnerKind
    owner: PartnerKind


def every(connection: Connection) -> tuple[NameClash, ...]:
    """All of them, by name. One of two that was revoked clashes no longer."""
    second, first = _AT_WORK.subquery("second"), _AT_WORK.subquery("first")
    name = partner_names.c
    query = (
        select(second.c.partner_id, second.c.kind, name.kind.label("owner"))
        .select_from(second)
        .join(partner_names, (name.partner_id == second.c.partner_id) & (name.kind != second.c.kind))
        .join(first, (first.c.partner_id == name.partner_id) & (first.c.kind == name.kind))
        .order_by(second.c.partner_id, second.c.kind)
    )
    return tuple(NameClash(row.partner_id, PartnerKind(row.kind), row.owner) for row in connection.execute(query))
