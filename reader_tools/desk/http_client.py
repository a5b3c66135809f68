# SPDX-License-Identifier: Apache-2.0
"""The service as a desk sees it: two requests for a verification, up to three for a renewal, two files of keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from cardservice.texts.catalogue import Language
from reader_tools.desk.errors import AnswerMalformed, ServiceProblem, ServiceUnreachable

SECONDS = 10.0  # the patience of a person at a desk


@dataclass(frozen=True, slots=True)
class Service:
    """One service at ``url``; ``secret`` is the verifier's own, ``patience`` the seconds that one request may take."""

    url: str
    secret: str = field(repr=False)
    language: Language = Language.INDONESIAN
    patience: float = SECONDS

    def ask(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """POST a JSON body. Raises ServiceUnreachable, ServiceProblem, AnswerMalformed."""
        headers = {"Authorization": f"Bearer {self.secret}", "Accept-Language": self.language.value}
        return self._object(self._send("POST", path, headers=headers, json=dict(body)))

    def fetch(self, path: str) -> bytes:
        """GET a public file. Raises ServiceUnreachable, ServiceProblem."""
        return self._send("GET", path).content

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            # trust_env off: a proxy named in the environment is no part of this desk.
            with httpx.Client(base_url=self.url, timeout=self.patience, trust_env=False) as client:
                response = client.request(method, path, **options)
        except httpx.HTTPError:
            raise ServiceUnreachable(url=self.url) from None
        if response.is_success:
            return response
        problem = self._object(response)
        raise ServiceProblem(
            status=response.status_code,
            problem=problem.get("code", "?"),
            title=problem.get("title", "?"),
            detail=problem.get("detail", "?"),
        )

    @staticmethod
    def _object(response: httpx.Response) -> dict[str, Any]:
        try:
            document = response.json()
        except ValueError:
            raise AnswerMalformed(rule=f"JSON (status {response.status_code})") from None
        if not isinstance(document, dict):
            raise AnswerMalformed(rule="a JSON object")
        return document
