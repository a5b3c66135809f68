# SPDX-License-Identifier: Apache-2.0
"""Whether one intermediary may act for another: for itself and everyone below it; and who may tell that a group's money came.

Whoever tells of money makes cover out of it. A group's transfer is told by somebody above the group, who received it, never by the group
itself (docs/decisions/0167); an agent's cash is told by the agent, within what its terms let it hold.
"""

from cardservice.collection.errors import CollectionOutOfScope
from cardservice.records import intermediaries
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound

OWN_MONEY = "OWN_MONEY"  # the ground on which a group is refused


def demand_may_act_for(connection: Connection, actor: str, code: str) -> None:
    """Raises RecordNotFound where ``code`` is not the actor's own or of somebody below it: whether others exist is not told."""
    line = intermediaries.line_of(connection, code)
    if actor not in {each.code for each in line}:
        raise RecordNotFound(record="intermediary")


def demand_may_tell_sum(connection: Connection, actor: str, group: str) -> None:
    """Raises RecordNotFound as demand_may_act_for(), and CollectionOutOfScope where the group would tell of its own money."""
    demand_may_act_for(connection, actor, group)
    if actor == group:
        raise CollectionOutOfScope(intermediary=actor, at=actor, ground=OWN_MONEY)
