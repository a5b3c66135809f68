# SPDX-License-Identifier: Apache-2.0
"""What of a member is kept sealed, under which context, and how it is found and compared without opening it.

A blind index has a label in front of its value, so that a name never has the fingerprint of a NIK.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from cardservice.enrolment.member_row import MemberRow
from cardservice.keys import BlindIndex, Sealer
from cardservice.records.sealing_context import sealing_context


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Keyed fingerprints of one row, 16 bytes each."""

    nik: bytes = field(repr=False)
    details: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedData:
    """The sealed values of one member."""

    nik: bytes = field(repr=False)
    name: bytes = field(repr=False)
    birth_date: bytes = field(repr=False)


def nik_context(member_id: str) -> str:
    """The context that a NIK is sealed under: table, column and row."""
    return sealing_context("members", "nik_sealed", member_id)


def name_context(member_id: str) -> str:
    """The context that a name is sealed under."""
    return sealing_context("members", "name_sealed", member_id)


def birth_date_context(member_id: str) -> str:
    """The context that a birth date is sealed under."""
    return sealing_context("members", "birth_date_sealed", member_id)


def nik_fingerprint(blind_index: BlindIndex, nik: str) -> bytes:
    """What members.find_by_nik_index() looks for."""
    return blind_index.blind_index([_indexed_nik(nik)])[0]


def fingerprints(blind_index: BlindIndex, rows: Sequence[MemberRow]) -> list[Fingerprints]:
    """Fingerprints of many rows, in one question."""
    values = [value for row in rows for value in (_indexed_nik(row.nik), _indexed_details(row.name, row.birth_date))]
    indexes = blind_index.blind_index(values)
    return [Fingerprints(*pair) for pair in zip(indexes[::2], indexes[1::2], strict=True)]


def seal(sealer: Sealer, rows: Sequence[tuple[str, MemberRow]]) -> list[SealedData]:
    """Seal the personal data of many (member_id, row), in one question."""
    sealed = sealer.seal(
        [
            value
            for member_id, row in rows
            for value in (
                (nik_context(member_id), row.nik.encode()),
                (name_context(member_id), row.name.encode()),
                (birth_date_context(member_id), row.birth_date.isoformat().encode()),
            )
        ]
    )
    return [SealedData(*three) for three in zip(sealed[::3], sealed[1::3], sealed[2::3], strict=True)]


def _indexed_nik(nik: str) -> bytes:
    return b"members.nik|" + nik.encode()


def _indexed_details(name: str, birth_date: date) -> bytes:
    # Hashed first, since what is indexed has a limit of length and names have not.
    return b"members.details|" + hashlib.sha256(f"{birth_date.isoformat()}|{name}".encode()).digest()
