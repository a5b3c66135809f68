# SPDX-License-Identifier: Apache-2.0
"""Which places in the status lists are taken."""

from sqlalchemy import Connection, select

from cardservice.records.standing import card_standing


def is_taken(connection: Connection, status_list: int, status_index: int) -> bool:
    """Whether a card has this place."""
    table = card_standing.c
    query = select(table.card_id).where(table.status_list == status_list, table.status_index == status_index)
    return connection.execute(query).first() is not None
