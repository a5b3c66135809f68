# SPDX-License-Identifier: Apache-2.0
"""The service as a desk sees it: two requests for a verification, up to three for a renewal, the public files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx

from cardservice.texts.catalogue import Language
from reader_tools.desk.errors import AnswerMalformed, ServiceProblem, ServiceUnreachable

SECONDS = 10.0  # the patience of a person at a desk
MAX_LENGTH = 1024 * 1024  # bytes of an answer; ours are below 256 KiB

_Answer: TypeAlias = tuple[int, bytes]  # status and content


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
        """GET a public file. Raises ServiceUnreachable, ServiceProblem, AnswerMalformed."""
        return self._send("GET", path)[1]

    def _send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> _Answer:
        # As it is or not at all: what is sent compressed may be a thousand times as long here.
        asked = {"Accept-Encoding": "identity", **(headers or {})}
        try:
            # trust_env off: a proxy named in the environment is no part of this desk.
            with (
                httpx.Client(base_url=self.url, timeout=self.patience, trust_env=False) as client,
                client.stream(method, path, headers=asked, **options) as response,
            ):
                answer = response.status_code, _content(response)
        except httpx.HTTPError:
            raise ServiceUnreachable(url=self.url) from None
        if response.is_success:
            return answer
        problem = self._object(answer)
        raise ServiceProblem(
            status=response.status_code,
            problem=problem.get("code", "?"),
            title=problem.get("title", "?"),
            detail=problem.get("detail", "?"),
        )

    @staticmethod
    def _object(answer: _Answer) -> dict[str, Any]:
        status, content = answer
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            raise AnswerMalformed(rule=f"JSON (status {status})") from None
        if not isinstance(document, dict):
            raise AnswerMalformed(rule="a JSON object")
        return document


def _content(response: httpx.Response) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise AnswerMalformed(rule="not compressed")
    content = bytearray()
    for piece in response.iter_raw():
        content += piece
        if len(content) > MAX_LENGTH:
            raise AnswerMalformed(rule=f"at most {MAX_LENGTH} bytes")
    return bytes(content)
