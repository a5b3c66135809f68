# SPDX-License-Identifier: Apache-2.0
"""A simulated population registry: a real HTTP server that speaks the JSON of Dukcapil's check by elements, and misbehaves on demand.

It says so in each answer's header, keeps nothing, and logs neither questions nor addresses.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from threading import Event
from typing import Any

from cardservice.enrolment.element_check import METHOD, person_of
from cardservice.enrolment.errors import RegistryAnswerMalformed
from cardservice.enrolment.population_registry import Person
from reader_tools.registry.people import Behaviour, Known, verdicts

MAX_QUESTION = 16 * 1024


class RegistrySimulator(ThreadingHTTPServer):
    """Serves on the loopback address. ``slow_seconds`` is how long SLOW takes; port 0 takes any."""

    daemon_threads = True

    def __init__(
        self, people: Mapping[str, Known], *, password: str, port: int = 0, slow_seconds: float = 60.0
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.people = people
        self.password = password
        self.slow_seconds = slow_seconds
        self.stopping = Event()

    @property
    def url(self) -> str:
        """What KARTU_REGISTRY_URL should be."""
        return f"http://127.0.0.1:{self.server_address[1]}/dukcapil/get_json/simulated"

    def server_close(self) -> None:
        """Let those who wait in SLOW go."""
        self.stopping.set()
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers who hang up are part of the game; a traceback would quote them."""


class _Handler(BaseHTTPRequestHandler):
    server: RegistrySimulator
    server_version = "kartu-registry-simulator"
    sys_version = ""

    def do_POST(self) -> None:
        """One question."""
        try:
            asked, person = self._question()
        except (ValueError, TypeError, AttributeError, RegistryAnswerMalformed):
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        if asked.get("PASSWORD") != self.server.password:
            self._answer({"RESPONSE_CODE": "05", "RESPONSE": "User atau password salah"})
            return
        known = self.server.people.get(person.nik)
        match known.behaviour if known else Behaviour.NOT_FOUND:
            case Behaviour.DOWN:
                self.close_connection = True
                self.connection.shutdown(SHUT_RDWR)
            case Behaviour.ERROR:
                self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
            case Behaviour.GARBAGE:
                self._octets(b"<html>\xff\x00 Sesuai")
            case Behaviour.ENDLESS:
                self._octets(b'{"content":[{"NAMA_LGKP":"' + b"x" * 10_000_000)
            case Behaviour.SLOW:
                self.server.stopping.wait(self.server.slow_seconds)
                self._answer(verdicts(known, person))
            case _:
                self._answer(verdicts(known, person))

    def _question(self) -> tuple[Mapping[str, Any], Person]:
        length = int(self.headers.get("Content-Length") or 0)
        if not self.path.endswith("/" + METHOD) or not 0 < length <= MAX_QUESTION:
            raise ValueError
        asked = json.loads(self.rfile.read(length))
        return asked, person_of(asked)

    def _answer(self, content: Mapping[str, str]) -> None:
        self._octets(json.dumps({"content": [dict(content)], "lastPage": True, "numberOfElements": 1}).encode())

    def _octets(self, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Simulated", "true")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Nothing."""
