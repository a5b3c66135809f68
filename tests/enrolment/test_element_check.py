# SPDX-License-Identifier: Apache-2.0
"""What the registry is asked, in its own names; which answers are one, and what they make of a member."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.enrolment import population_state
from cardservice.enrolment.element_check import (
    FIELDS,
    MAX_ANSWER,
    RegistryCredentials,
    person_of,
    question,
    read_answer,
)
from cardservice.enrolment.errors import (
    EnrolmentError,
    RegistryAnswerMalformed,
)
from cardservice.enrolment.population_registry import Element
from cardservice.enrolment.population_state import (
    DECIDING,
    ELEMENT_RULES,
    judged,
)
from cardservice.records.population_checks import PopulationState
from tests.enrolment.registry_at import PASSWORD, SITI, known, registry_at

VERIFIED, MISMATCH = PopulationState.VERIFIED, PopulationState.MISMATCH


def test_the_question_has_the_registry_s_own_names() -> None:
    asked = json.loads(question(SITI, RegistryCredentials("kartu", PASSWORD)))
    assert asked == {
        "USER_ID": "kartu",
        "PASSWORD": PASSWORD,
        "IP_USER": "127.0.0.1",
        "TRESHOLD": "80",
        "NIK": SITI.nik,
        "NAMA_LGKP": "Siti Rahayu",
        "TGL_LHR": "05-10-1990",
    }
    assert person_of(asked) == SITI


@pytest.mark.parametrize(
    ("region", "places"),
    [
        ("3171", {"NO_PROP": "31", "NO_KAB": "71"}),
        ("317101", {"NO_PROP": "31", "NO_KAB": "71", "NO_KEC": "01"}),
    ],
)
def test_where_the_list_says_that_somebody_lives_is_asked_too(region: str, places: dict[str, str]) -> None:
    asked = json.loads(question(replace(SITI, region=region), RegistryCredentials("kartu", PASSWORD)))
    assert {name: value for name, value in asked.items() if name.startswith("NO_")} == places
    assert person_of(asked) == replace(SITI, region=region)


def test_an_address_elsewhere_is_told_and_is_no_other_person() -> None:
    moved = replace(known(), region="327301")
    with registry_at({SITI.nik: moved}) as registry, registry.client() as client:
        answer = client.ask(replace(SITI, region="317101"))
    assert judged(answer) is VERIFIED
    assert {each: verdict.matches for each, verdict in answer.verdicts.items()} == {
        Element.NAME: True,
        Element.BIRTH_DATE: True,
        Element.PROVINCE: False,
        Element.DISTRICT: False,
        Element.SUB_DISTRICT: True,  # 01, of another district
    }


def test_every_element_has_a_rule_and_a_field_and_what_decides_is_never_left_out() -> None:
    assert set(ELEMENT_RULES) == set(FIELDS) == set(Element)
    for element in DECIDING:
        rest = {name: "Sesuai" for each, name in FIELDS.items() if each is not element}
        with pytest.raises(RegistryAnswerMalformed):
            read_answer(answer_of(**rest))
    told = {name: "Sesuai" for each, name in FIELDS.items() if each in DECIDING}
    assert judged(read_answer(answer_of(**told))) is VERIFIED
    with pytest.raises(RegistryAnswerMalformed):
        read_answer(answer_of(**told, NO_PROP="31"))  # neither yes nor no


def test_sabotage_an_address_that_decided_would_make_strangers_of_people_who_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sabotage: let the province decide."""
    told = {name: "Sesuai" for each, name in FIELDS.items() if each in DECIDING}
    read = read_answer(answer_of(**told, NO_PROP="Tidak Sesuai"))
    assert judged(read) is VERIFIED
    monkeypatch.setattr(population_state, "DECIDING", DECIDING | {Element.PROVINCE})
    assert judged(read) is MISMATCH


def answer_of(**content: object) -> bytes:
    return json.dumps({"content": [content]}).encode()


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"null",
        b"[" * 10_000,
        b'{"content":[]}',
        b'{"content":[{},{}]}',
        answer_of(NAMA_LGKP="Sesuai"),
        answer_of(NAMA_LGKP="Sesuai", TGL_LHR="sesuai"),
        answer_of(NAMA_LGKP="Sesuai (101)", TGL_LHR="Sesuai"),
        answer_of(NAMA_LGKP=True, TGL_LHR="Sesuai"),
        answer_of(NAMA_LGKP="Sesuai\n", TGL_LHR="Sesuai"),
        answer_of(RESPONSE_CODE=13),
        answer_of(RESPONSE_CODE="x" * 9),
        b'{"content":[{"NAMA_LGKP":"Tidak Sesuai","NAMA_LGKP":"Sesuai","TGL_LHR":"Sesuai"}]}',
        answer_of(NAMA_LGKP="Sesuai", TGL_LHR="Sesuai", more="x" * MAX_ANSWER),
    ],
)
def test_what_was_not_agreed_is_no_answer(octets: bytes) -> None:
    with pytest.raises(RegistryAnswerMalformed):
        read_answer(octets)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["content", "NIK", "NAMA_LGKP", "TGL_LHR", "RESPONSE_CODE"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_octets_are_an_answer_or_our_error(octets: bytes) -> None:
    try:
        read_answer(octets)
    except EnrolmentError:
        return


def test_another_s_nik_is_no_match_whatever_the_rest_says() -> None:
    read = read_answer(answer_of(NIK="Tidak Sesuai", NAMA_LGKP="Sesuai (100)", TGL_LHR="Sesuai"))
    assert judged(read) is MISMATCH


@pytest.mark.parametrize(("score", "state"), [(79, MISMATCH), (80, VERIFIED), (100, VERIFIED)])
def test_names_are_spelt_in_many_ways_up_to_a_score(score: int, state: PopulationState) -> None:
    assert judged(read_answer(answer_of(NAMA_LGKP=f"Sesuai ({score})", TGL_LHR="Sesuai"))) is state
    assert judged(read_answer(answer_of(NAMA_LGKP=f"Tidak Sesuai ({score})", TGL_LHR="Sesuai"))) is MISMATCH
