# SPDX-License-Identifier: Apache-2.0
"""A member's name, opened for one purpose: to be written to the member's own card."""

from cardservice.enrolment.personal_data import name_context
from cardservice.keys import Sealer
from cardservice.records import members
from cardservice.records.database import Database
from cardservice.records.members import Member


def holder_name(database: Database, sealer: Sealer, member_id: str, *, reason: str) -> str:
    """Open the name. ``reason`` is recorded by the key process. Raises RecordNotFound, and whatever the sealer raises."""
    with database.read() as connection:
        member = members.get(connection, member_id)
    return open_name(sealer, member, reason=reason)


def open_name(sealer: Sealer, member: Member, *, reason: str) -> str:
    """As holder_name(), of a member that was read already."""
    return sealer.unseal(name_context(member.member_id), member.name_sealed, reason=reason).decode()
