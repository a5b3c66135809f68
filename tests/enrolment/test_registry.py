# SPDX-License-Identifier: Apache-2.0
"""The population registry: the simulator says everything a registry can say or fail to say, over HTTP; the client believes only what was agreed."""

import logging
import socket
import threading
from datetime import date

import httpx
import pytest

from cardservice.clock import monotonic
from cardservice.enrolment.element_check import (
    RegistryCredentials,
)
from cardservice.enrolment.errors import (
    RegistryAnswerMalformed,
    RegistryError,
    RegistryRefused,
    RegistryUnavailable,
)
from cardservice.enrolment.population_registry import Element, ElementVerdict
from cardservice.enrolment.population_state import (
    judged,
)
from cardservice.enrolment.registry_client import RegistryClient
from cardservice.records.population_checks import PopulationState
from reader_tools.registry.people import Behaviour, Known
from tests.enrolment.registry_at import PASSWORD, SITI, known, registry_at

VERIFIED, MISMATCH = PopulationState.VERIFIED, PopulationState.MISMATCH


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
