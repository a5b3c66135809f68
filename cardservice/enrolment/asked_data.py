# SPDX-License-Identifier: Apache-2.0
"""The sealed values that a question to the population registry needs of one member, and the question out of them once they are open."""

from collections.abc import Mapping
from datetime import date

from cardservice.enrolment.personal_data import birth_date_context, name_context, nik_context
from cardservice.enrolment.population_registry import Person
from cardservice.records.members import Member


def asked_contexts(member_id: str) -> tuple[str, ...]:
    """The contexts of a member's values, in the order in which lists of them are written."""
    return nik_context(member_id), name_context(member_id), birth_date_context(member_id)


def asked_values(member: Member) -> dict[str, bytes]:
    """The sealed values by context."""
    sealed = (member.nik_sealed, member.name_sealed, member.birth_date_sealed)
    return dict(zip(asked_contexts(member.member_id), sealed, strict=True))


def asked_person(member_id: str, opened: Mapping[str, bytes], region: str | None) -> Person:
    """Whom to ask about, of opened values by context, and the region that the list told, which is not sealed."""
    nik, name, born = (opened[context].decode() for context in asked_contexts(member_id))
    return Person(nik, name, date.fromisoformat(born), region)
