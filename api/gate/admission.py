# SPDX-License-Identifier: Apache-2.0
"""Admission: as many requests at once as are served well; more are told when to come back, at once and cheaply.

A queue would only make every answer late: a tap waits at a desk, and a challenge lives 60 seconds.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import Overloaded
from api.gate.headers import language_of
from api.problems import problem_response

GUARDED = "/v1/"  # health and keys are answered always


class Admission:
    """Counts what is under way. All of it runs on one event loop, so a plain number counts right."""

    def __init__(self, app: ASGIApp, *, at_once: int) -> None:
        self._app = app
        self._left = at_once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass, or answer 503 with Retry-After."""
        if scope["type"] != "http" or not scope["path"].startswith(GUARDED):
            await self._app(scope, receive, send)
            return
        if self._left == 0:
            await problem_response(Overloaded(), language_of(scope))(scope, receive, send)
            return
        self._left -= 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._left += 1
