# SPDX-License-Identifier: Apache-2.0
"""Another key behind a face: the card made a new one before it was live."""

from datetime import datetime

from sqlalchemy import Connection, update

from cardservice.records.constraints import refusing
from cardservice.records.errors import RecordNotFound, StandingConflict
from cardservice.records.standing import card_standing


def replace_key(
    connection: Connection, card_id: str, sector: int, *, key_thumbprint: bytes, key_point: bytes, at: datetime
) -> None:
    """Face and place in the status list stay, the key changes. Raises StandingConflict, RecordNotFound."""
    table = card_standing.c
    with refusing(connection, {"uq_card_standing_key_thumbprint": StandingConflict(field="key")}):
        changed = connection.execute(
            update(card_standing)
            .where(table.card_id == card_id, table.sector == sector)
            .values(key_thumbprint=key_thumbprint, key_point=key_point, updated_at=at)
        )
    if changed.rowcount != 1:
        raise RecordNotFound(record="standing")
