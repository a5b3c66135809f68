# SPDX-License-Identifier: Apache-2.0
"""The JSON that Dukcapil's check by elements speaks (``CALL_VERIFY_BY_ELEMEN``; facts/contributions.md, 3.3). Both directions, strictly.

A question has the caller's credentials and the elements. An answer has one object in ``content``: either a verdict for each element, ``Sesuai``
(matches), ``Sesuai (93)`` or ``Tidak Sesuai``, or a RESPONSE_CODE that says why there is none.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cardservice.enrolment.errors import RegistryAnswerMalformed, RegistryRefused
from cardservice.enrolment.population_registry import Element, ElementVerdict, Person, RegistryAnswer
from cardservice.enrolment.population_state import DECIDING, ELEMENT_RULES

METHOD = "CALL_VERIFY_BY_ELEMEN"
MAX_ANSWER = 16 * 1024  # octets; an answer about every element that exists is below 2 kB
FIELDS = {
    Element.NAME: "NAMA_LGKP",
    Element.BIRTH_DATE: "TGL_LHR",
    Element.PROVINCE: "NO_PROP",
    Element.DISTRICT: "NO_KAB",
    Element.SUB_DISTRICT: "NO_KEC",
}
# "Not found" and its kin: no living person has this NIK. Every other code says something about the caller or the registry.
UNKNOWN_NIK = frozenset({"08", "11", "12", "13", "14", "15"})

_VERDICT = re.compile(r"(?P<no>Tidak )?Sesuai(?: ?\((?P<score>[0-9]{1,3})\))?", re.ASCII)
_CODE = re.compile(r"[0-9A-Za-z]{1,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RegistryCredentials:
    """How the registry knows us. Shows in no repr."""

    user: str
    password: str = field(repr=False)
    address: str = "127.0.0.1"


def question(person: Person, credentials: RegistryCredentials) -> bytes:
    """The question as octets of JSON: about every element that we know of the person."""
    return json.dumps(
        {
            "USER_ID": credentials.user,
            "PASSWORD": credentials.password,
            "IP_USER": credentials.address,
            "TRESHOLD": str(ELEMENT_RULES[Element.NAME].least_score),  # their spelling
            "NIK": person.nik,
            **{FIELDS[element]: value for element, value in elements_of(person).items()},
        }
    ).encode()


def elements_of(person: Person) -> dict[Element, str]:
    """What is known of a person, as the registry writes it. Region codes are the Ministry's: two digits each, of province, district, sub-district."""
    region = person.region or ""
    parts = [region[begin : begin + 2] for begin in range(0, len(region), 2)]
    places = zip((Element.PROVINCE, Element.DISTRICT, Element.SUB_DISTRICT), parts, strict=False)
    return {
        Element.NAME: person.name,
        Element.BIRTH_DATE: person.birth_date.strftime("%d-%m-%Y"),
        **dict(places),
    }


def person_of(asked: Mapping[str, Any]) -> Person:
    """The person in a question, for those who answer it. Raises RegistryAnswerMalformed."""
    try:
        day, month, year = (int(part) for part in str(asked["TGL_LHR"]).split("-"))
        region = "".join(str(asked.get(FIELDS[each], "")) for each in FIELDS if each not in DECIDING)
        return Person(str(asked["NIK"]), str(asked["NAMA_LGKP"]), date(year, month, day), region or None)
    except (KeyError, ValueError):
        raise RegistryAnswerMalformed(rule="a question with NIK, NAMA_LGKP, TGL_LHR") from None


def read_answer(octets: bytes) -> RegistryAnswer:
    """Read an answer. Raises RegistryRefused for a code about us, RegistryAnswerMalformed for anything else; nothing of it is in the errors."""
    content = _content(octets)
    raw_sha256 = hashlib.sha256(octets).digest()
    code = content.get("RESPONSE_CODE")
    if code is not None:
        if not isinstance(code, str) or _CODE.fullmatch(code) is None:
            raise RegistryAnswerMalformed(rule="RESPONSE_CODE")
        if code not in UNKNOWN_NIK:
            raise RegistryRefused(response_code=code)
        return RegistryAnswer(nik_known=False, verdicts={}, raw_sha256=raw_sha256)
    # What decides is there, or it is no answer; what only tells may be left out, and is read where it is there.
    verdicts = {
        element: _verdict(content, name) for element, name in FIELDS.items() if element in DECIDING or name in content
    }
    nik = _verdict(content, "NIK") if "NIK" in content else ElementVerdict(matches=True)
    return RegistryAnswer(nik_known=nik.matches, verdicts=verdicts, raw_sha256=raw_sha256)


def _content(octets: bytes) -> dict[str, object]:
    if len(octets) > MAX_ANSWER:
        raise RegistryAnswerMalformed(rule=f"at most {MAX_ANSWER} octets")
    try:
        document = json.loads(octets, object_pairs_hook=_no_name_twice)
    except (ValueError, RecursionError):
        # The parser's own words quote the answer.
        raise RegistryAnswerMalformed(rule="JSON") from None
    match document:
        case {"content": [dict(content)]}:
            return content
        case _:
            raise RegistryAnswerMalformed(rule="one object in content")


def _no_name_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError
    return names


def _verdict(content: Mapping[str, object], name: str) -> ElementVerdict:
    said = content.get(name)
    found = _VERDICT.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        raise RegistryAnswerMalformed(rule=name)
    score = None if found["score"] is None else int(found["score"])
    if score is not None and score > 100:
        raise RegistryAnswerMalformed(rule=name)
    return ElementVerdict(matches=found["no"] is None, score=score)
