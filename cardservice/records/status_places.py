# SPDX-License-Identifier: Apache-2.0
"""Which places in the status lists are taken."""

from sqlalchemy import Connection, bindparam, select

from cardservice.records.standing import card_standing

# Built once: building a statement costs more than running it.
_AT = select(card_standing.c.card_id).where(
    card_standing.c.status_list == bindparam("list"), card_standing.c.status_index == bindparam("place")
)


def is_taken(connection: Connection, status_list: int, status_index: int) -> bool:
    """Whether a card has this place."""
    return connection.execute(_AT, {"list": status_list, "place": status_index}).first() is not None
