# SPDX-License-Identifier: Apache-2.0
"""Whom the simulated registry knows, and how it behaves when asked about each: a CSV list with ``nik``, ``name``, ``birth_date``, maybe ``region``.

A member list will do. A column ``behaviour``, where there is one, says how the registry answers about that person.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum
from pathlib import Path

from cardservice.enrolment.element_check import FIELDS, elements_of
from cardservice.enrolment.population_registry import Element, Person
from cardservice.enrolment.population_state import DECIDING
from reader_tools.errors import FileUnreadable

NOT_FOUND = {"RESPONSE_CODE": "13", "RESPONSE": "Data Tidak Ditemukan"}


class Behaviour(StrEnum):
    """How the registry answers about a person."""

    ANSWER = "answer"  # as its list says: match, or not
    MISMATCH = "mismatch"  # another name than asked
    WRONG_PERSON = "wrong-person"  # everything belongs to somebody else
    NOT_FOUND = "not-found"
    SLOW = "slow"  # after everybody has stopped waiting
    DOWN = "down"  # the connection ends without a word
    ERROR = "error"  # HTTP 500
    REFUSES_US = "refuses-us"  # a code about the caller
    GARBAGE = "garbage"  # octets that are no JSON
    ENDLESS = "endless"  # an answer that never stops growing


@dataclass(frozen=True, slots=True)
class Known:
    """One person of the list."""

    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    behaviour: Behaviour
    region: str = field(default="", repr=False)  # of the address; unknown where the list has none


def read_people(path: Path, otherwise: Behaviour) -> Mapping[str, Known]:
    """The people by NIK; rows without a usable NIK or date are none. Raises FileUnreadable."""
    people: dict[str, Known] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                born = _date(row.get("birth_date") or "")
                if born is None or len(row.get("nik") or "") != 16:
                    continue
                behaviour = Behaviour(row.get("behaviour") or otherwise)
                people[row["nik"]] = Known(
                    (row.get("name") or "").strip(), born, behaviour, (row.get("region") or "").strip()
                )
    except OSError as failed:
        raise FileUnreadable(path=str(path), rule=failed.strerror or "can't be read") from None
    except (ValueError, csv.Error):
        raise FileUnreadable(path=str(path), rule="a CSV list with nik, name, birth_date") from None
    return people


def verdicts(known: Known | None, asked: Person) -> Mapping[str, str]:
    """What the registry says in ``content``."""
    match known:
        case None | Known(behaviour=Behaviour.NOT_FOUND):
            return NOT_FOUND
        case Known(behaviour=Behaviour.WRONG_PERSON):
            return {"NIK": "Sesuai", **dict.fromkeys(FIELDS.values(), "Tidak Sesuai")}
        case Known(behaviour=Behaviour.REFUSES_US):
            return {"RESPONSE_CODE": "02", "RESPONSE": "Kuota Akses Hari ini telah Habis"}
    places = {FIELDS[each]: value for each, value in elements_of(asked).items() if each not in DECIDING}
    own = {FIELDS[each]: value for each, value in elements_of(Person("", "", known.birth_date, known.region)).items()}
    score = 12 if known.behaviour is Behaviour.MISMATCH else _alike(known.name, asked.name)
    return {
        "NIK": "Sesuai",
        FIELDS[Element.NAME]: f"Sesuai ({score})" if score >= 80 else f"Tidak Sesuai ({score})",
        FIELDS[Element.BIRTH_DATE]: "Sesuai" if known.birth_date == asked.birth_date else "Tidak Sesuai",
        **{name: "Sesuai" if own.get(name, value) == value else "Tidak Sesuai" for name, value in places.items()},
    }


def _alike(one: str, other: str) -> int:
    return round(100 * SequenceMatcher(None, one.casefold(), other.casefold()).ratio())


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
