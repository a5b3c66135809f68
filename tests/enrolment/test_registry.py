# SPDX-License-Identifier: Apache-2.0
"""The population registry: the simulator says everything a registry can say or fail to say, over HTTP; the client believes only what was agreed."""

import json
import logging
import socket
import threading
from dataclasses import replace
from datetime import date

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.clock import monotonic
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
    RegistryError,
    RegistryRefused,
    RegistryUnavailable,
)
from cardservice.enrolment.population_registry import Element, ElementVerdict
from cardservice.enrolment.population_state import (
    ALLOWED_MOVES,
    DECIDING,
    ELEMENT_RULES,
    ENTITLEMENTS,
    Entitlement,
    IdentityStanding,
    entitled,
    identity_standing,
    judged,
    may_follow,
)
from cardservice.enrolment.registry_client import RegistryClient
from cardservice.records.population_checks import PopulationState
from reader_tools.registry.people import Behaviour, Known
from tests.enrolment.registry_at import PASSWORD, SITI, known, registry_at

VERIFIED, MISMATCH, PROVISIONAL = PopulationState.VERIFIED, PopulationState.MISMATCH, PopulationState.PROVISIONAL


@pytest.mark.parametrize(
    ("person", "state", "name"),
    [
        (known(), VERIFIED, ElementVerdict(True, 100)),
        (known(name="Siti Rahaju"), VERIFIED, ElementVerdict(True, 91)),
        (known(name="Ratna Utami"), MISMATCH, ElementVerdict(False, 36)),
        (known(born=date(1990, 10, 6)), MISMATCH, ElementVerdict(True, 100)),
        (known(Behaviour.MISMATCH), MISMATCH, ElementVerdict(False, 12)),
        (known(Behaviour.WRONG_PERSON), MISMATCH, ElementVerdict(False)),
        (known(Behaviour.NOT_FOUND), MISMATCH, None),
        (None, MISMATCH, None),
    ],
)
def test_what_the_registry_says(person: Known | None, state: PopulationState, name: ElementVerdict | None) -> None:
    with registry_at({SITI.nik: person} if person else {}) as registry, registry.client() as client:
        answer = client.ask(SITI)
    assert judged(answer) is state
    assert answer.nik_known == (name is not None)
    assert answer.verdicts.get(Element.NAME) == name


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour.DOWN, RegistryUnavailable),
        (Behaviour.ERROR, RegistryUnavailable),
        (Behaviour.REFUSES_US, RegistryRefused),
        (Behaviour.GARBAGE, RegistryAnswerMalformed),
        (Behaviour.ENDLESS, RegistryAnswerMalformed),
    ],
)
def test_what_the_registry_fails_to_say_is_a_typed_error(behaviour: Behaviour, error: type[RegistryError]) -> None:
    with registry_at({SITI.nik: known(behaviour)}) as registry, registry.client() as client, pytest.raises(error):
        client.ask(SITI)


def test_a_slow_registry_is_not_waited_for() -> None:
    with (
        registry_at({SITI.nik: known(Behaviour.SLOW)}) as registry,
        registry.client(seconds=0.3) as client,
        pytest.raises(RegistryUnavailable),
    ):
        client.ask(SITI)


def test_a_registry_whose_answer_trickles_is_not_waited_for_either() -> None:
    """Each octet comes in time; the whole would never."""
    listening = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def trickle() -> None:
        peer, _ = listening.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
            while not stop.wait(0.05):
                try:
                    peer.sendall(b" ")
                except OSError:
                    return

    thread = threading.Thread(target=trickle)
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        with (
            RegistryClient(url, RegistryCredentials("kartu", PASSWORD), monotonic, seconds=0.5) as client,
            pytest.raises(RegistryUnavailable),
        ):
            client.ask(SITI)
    finally:
        stop.set()
        thread.join()
        listening.close()


def test_nobody_listens() -> None:
    with (
        RegistryClient("http://127.0.0.1:9", RegistryCredentials("kartu", PASSWORD), monotonic) as client,
        pytest.raises(RegistryUnavailable),
    ):
        client.ask(SITI)


def test_a_wrong_password_is_our_fault_and_no_verdict() -> None:
    with (
        registry_at({SITI.nik: known()}) as registry,
        registry.client(password="another") as client,
        pytest.raises(RegistryRefused) as refused,
    ):
        client.ask(SITI)
    assert refused.value.evidence == {"response_code": "05"}


def test_no_nik_name_or_password_is_in_addresses_logs_or_errors(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    with registry_at({SITI.nik: known(Behaviour.ERROR)}) as registry, registry.client() as client:
        shown += [repr(client), repr(SITI), repr(list(registry.simulator.people.values()))]
        with pytest.raises(RegistryError) as refused:
            client.ask(SITI)
        shown += [str(refused.value), repr(refused.value.__cause__)]
    printed = caplog.text + "".join(shown)
    assert "127.0.0.1" in printed
    assert not any(secret in printed for secret in (SITI.nik, "Siti", "SITI", "Rahayu", PASSWORD, "1990"))


def test_sabotage_a_nik_in_the_address_is_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("cardservice.enrolment.registry_client.METHOD", f"x?nik={SITI.nik}")
    with registry_at({}) as registry, registry.client() as client, pytest.raises(RegistryError):
        client.ask(SITI)
    assert SITI.nik in caplog.text


def test_a_redirect_is_not_followed() -> None:
    client = RegistryClient("http://127.0.0.1", RegistryCredentials("kartu", PASSWORD), monotonic)
    client._client.close()
    client._client = httpx.Client(
        transport=httpx.MockTransport(lambda _: httpx.Response(302, headers={"Location": "http://elsewhere"}))
    )
    with client, pytest.raises(RegistryUnavailable) as refused:
        client.ask(SITI)
    assert refused.value.evidence == {"rule": "HTTP 302"}


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


def test_the_table_of_moves() -> None:
    assert set(ALLOWED_MOVES) == set(PopulationState)
    allowed = {(before, after) for before in PopulationState for after in PopulationState if may_follow(before, after)}
    assert allowed == {
        (PROVISIONAL, PROVISIONAL),
        (PROVISIONAL, VERIFIED),
        (PROVISIONAL, MISMATCH),
        (VERIFIED, PROVISIONAL),
        (MISMATCH, PROVISIONAL),
    }


def test_cover_counts_in_every_standing_and_who_differs_gets_no_card() -> None:
    assert set(ENTITLEMENTS) == set(IdentityStanding)
    assert all(entitled(each, Entitlement.COVER) for each in IdentityStanding)
    refused = [each for each in IdentityStanding if not entitled(each, Entitlement.CARD)]
    assert refused == [IdentityStanding.DIFFERS, IdentityStanding.ASKED_AGAIN]


@pytest.mark.parametrize(
    ("state", "last", "accepted", "standing"),
    [
        (PROVISIONAL, None, 0, IdentityStanding.UNANSWERED),
        (PROVISIONAL, VERIFIED, 0, IdentityStanding.UNANSWERED),
        (PROVISIONAL, MISMATCH, 0, IdentityStanding.ASKED_AGAIN),
        (PROVISIONAL, MISMATCH, 1, IdentityStanding.ASKED_AGAIN),
        (VERIFIED, VERIFIED, 0, IdentityStanding.VERIFIED),
        (MISMATCH, MISMATCH, 0, IdentityStanding.DIFFERS),
        (MISMATCH, MISMATCH, 1, IdentityStanding.ACCEPTED),
    ],
)
def test_the_table_of_standings(
    state: PopulationState, last: PopulationState | None, accepted: int, standing: IdentityStanding
) -> None:
    assert identity_standing(state, last, is_accepted=bool(accepted)) is standing
