# SPDX-License-Identifier: Apache-2.0
"""The population registry over HTTP: one POST for each person, a hard end to waiting, a hard end to answers. No NIK in any address or log."""

from collections.abc import Callable
from typing import Self

import httpx

from cardservice.enrolment.element_check import MAX_ANSWER, METHOD, RegistryCredentials, question, read_answer
from cardservice.enrolment.errors import RegistryAnswerMalformed, RegistryUnavailable
from cardservice.enrolment.population_registry import Person, RegistryAnswer

SECONDS = 8.0  # for a whole question, however its answer trickles in
_JSON = "application/json"


class RegistryClient:
    """PopulationRegistry at an address. ``monotonic`` gives seconds that only rise."""

    def __init__(
        self, url: str, credentials: RegistryCredentials, monotonic: Callable[[], float], *, seconds: float = SECONDS
    ) -> None:
        self._url = url.rstrip("/")
        self._credentials = credentials
        self._monotonic = monotonic
        self._seconds = seconds
        # trust_env off: a proxy that the environment names would read every question. No redirects: a NIK goes nowhere else.
        self._client = httpx.Client(timeout=seconds, trust_env=False, follow_redirects=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, person: Person) -> RegistryAnswer:
        """Ask about one person. Raises RegistryUnavailable, RegistryRefused, RegistryAnswerMalformed."""
        until = self._monotonic() + self._seconds
        try:
            with self._client.stream(
                "POST",
                f"{self._url}/{METHOD}",
                content=question(person, self._credentials),
                headers={"Content-Type": _JSON, "Accept": _JSON, "Accept-Encoding": "identity"},
            ) as response:
                if response.status_code != httpx.codes.OK:
                    raise RegistryUnavailable(rule=f"HTTP {response.status_code}")
                return read_answer(self._body(response, until))
        except httpx.TimeoutException:
            raise RegistryUnavailable(rule=f"no answer within {self._seconds:g} s") from None
        except httpx.HTTPError as failed:
            # Its words may quote the request.
            raise RegistryUnavailable(rule=type(failed).__name__) from None

    def _body(self, response: httpx.Response, until: float) -> bytes:
        body = bytearray()
        for piece in response.iter_raw():
            body += piece
            if len(body) > MAX_ANSWER:
                raise RegistryAnswerMalformed(rule=f"at most {MAX_ANSWER} octets")
            if self._monotonic() > until:
                raise RegistryUnavailable(rule=f"no whole answer within {self._seconds:g} s")
        return bytes(body)
