# SPDX-License-Identifier: Apache-2.0
"""A member's name, opened for one purpose: to be written to the member's own card."""

from cardservice.enrolment.personal_data import name_context
from cardservice.keys import Sealer
from cardservice.records import members
from cardservice.records.database import Database


def holder_name(database: Database, sealer: Sealer, member_id: str, *, reason: str) -> str:
    """Open the name. ``reason`` is recorded by the key process. Raises RecordNotFound, and whatever the sealer raises."""
    with database.read() as connection:
        member = members.get(connection, member_id)
    return sealer.unseal(name_context(member_id), member.name_sealed, reason=reason).decode()
