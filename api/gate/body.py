# SPDX-License-Identifier: Apache-2.0
"""The body, before anything parses it: JSON by its label, at most 64 kB by its count, in time, strict by its reading.

It stands before admission: who sends slowly holds a connection, and no place that others wait for. Where no route takes the request, its body is
nobody's concern: what is wrong is the address or the method, and the router says so.
"""

import asyncio

from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError, MediaTypeRefused, RequestTooLarge, RequestTooSlow
from api.gate.headers import header, language_of
from api.gate.strict_json import decode_object
from api.problems import problem_response

MAX_BODY = 64 * 1024  # bytes; the largest documented body is under 1 kB
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
GUARDED = "/v1/"
JSON = "application/json"
UTF_8 = "utf-8"


class ClientGone(Exception):
    """The client left before its body was there; nobody waits for an answer."""


class StrictBody:
    """Reads the whole body within ``seconds``, refuses it or hands it on."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a body on that is a strict JSON object; answer 400, 408, 413 or 415 otherwise."""
        if scope["type"] != "http" or scope["method"] not in WITH_BODY or not scope["path"].startswith(GUARDED):
            await self._app(scope, receive, send)
            return
        if not _has_route(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await self._in_time(scope, receive)
            decode_object(body)
        except ApiError as refused:
            await problem_response(refused, language_of(scope))(scope, receive, send)
            return
        except ClientGone:
            return
        await self._app(scope, _replaying(body, receive), send)

    async def _in_time(self, scope: Scope, receive: Receive) -> bytes:
        try:
            async with asyncio.timeout(self._seconds):
                return await _read(scope, receive)
        except TimeoutError:
            raise RequestTooSlow(seconds=self._seconds) from None


def _has_route(scope: Scope) -> bool:
    """Whether a route takes this address with this method. A mounted application takes whatever lies below it."""
    return any(route.matches(scope)[0] is Match.FULL for route in scope["app"].routes)


def _replaying(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay


async def _read(scope: Scope, receive: Receive) -> bytes:
    if not _is_plain_json(scope):
        raise MediaTypeRefused
    return await read_octets(scope, receive)


async def read_octets(scope: Scope, receive: Receive) -> bytes:
    """The whole body, whatever it is. Raises RequestTooLarge, ClientGone."""
    # What is announced is refused before it is sent; what is sent is counted, whatever was announced.
    announced = header(scope, b"content-length") or ""
    if announced.isascii() and announced.isdigit() and (len(announced) > 9 or int(announced) > MAX_BODY):
        raise RequestTooLarge(limit=MAX_BODY)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise RequestTooLarge(limit=MAX_BODY)
        if not message.get("more_body", False):
            return bytes(body)


def _is_plain_json(scope: Scope) -> bool:
    """Labelled application/json, in UTF-8 if a charset is named at all (RFC 8259, 8.1 and 11), and not compressed."""
    media_type, *parameters = (header(scope, b"content-type") or "").lower().split(";")
    named = dict(parameter.strip().partition("=")[::2] for parameter in parameters)
    encoding = (header(scope, b"content-encoding") or "identity").strip().lower()
    return media_type.strip() == JSON and named.get("charset", UTF_8).strip('"') == UTF_8 and encoding == "identity"
