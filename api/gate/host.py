# SPDX-License-Identifier: Apache-2.0
"""Only requests that name one of our hosts: another name is a rebinding trick or a proxy that is set up wrong."""

from collections.abc import Set as AbstractSet

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import HostRefused
from api.gate.headers import header, language_of
from api.problems import problem_response


class AllowedHosts:
    """Refuses other hosts with a problem document; ``*`` allows any."""

    def __init__(self, app: ASGIApp, *, hosts: AbstractSet[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass, or answer 400."""
        if scope["type"] != "http" or "*" in self._hosts or host_of(scope) in self._hosts:
            await self._app(scope, receive, send)
            return
        await problem_response(HostRefused(), language_of(scope))(scope, receive, send)


def host_of(scope: Scope) -> str:
    """The Host header without its port: ``[::1]:8080`` is ``[::1]``."""
    given = (header(scope, b"host") or "").lower()
    name, colon, port = given.rpartition(":")
    return name if colon and port.isdigit() else given
