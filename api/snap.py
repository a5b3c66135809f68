# SPDX-License-Identifier: Apache-2.0
"""``/v1.0/``: the routes that banks call over SNAP BI (docs/collection.md). They answer in SNAP's words, never with problem documents.

Beside FastAPI, not in it: the signature is over the octets of path, query and body as they were sent, and nothing may parse them before.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import RequestTooLarge
from api.gate.body import ClientGone, read_octets
from api.gate.headers import header
from api.gate.host import host_of
from api.gate.unforeseen import note_unforeseen
from cardservice.collection.snap.caller import Asked
from cardservice.collection.snap.cases import WRONG_HOST, Case, Service
from cardservice.collection.snap.desk import SnapDesk
from cardservice.collection.snap.headers import Headers
from cardservice.collection.snap.timestamp import write_timestamp
from cardservice.records.errors import DatabaseBehind, DatabaseUnavailable
from hsm.errors import HsmError

ROOT = "/v1.0/"
AT_ONCE = 128  # requests under way; one more is told 429
THREADS = 24  # of them at work: fewer than the database has connections, and apart from those that verifications need

SERVICES: Mapping[str, Service] = {
    "/v1.0/access-token/b2b": Service.ACCESS_TOKEN,
    "/v1.0/transfer-va/inquiry": Service.INQUIRY,
    "/v1.0/transfer-va/payment": Service.PAYMENT,
    "/v1.0/transfer-va/status": Service.STATUS,
}
# Services of the standard that a biller of contributions has no use for.
NOT_ALLOWED: Mapping[str, str] = {
    "/v1.0/access-token/b2b2c": "74",
    "/v1.0/transfer-va/create-va": "27",
    "/v1.0/transfer-va/update-va": "28",
    "/v1.0/transfer-va/update-status": "29",
    "/v1.0/transfer-va/inquiry-va": "30",
    "/v1.0/transfer-va/delete-va": "31",
    "/v1.0/transfer-va/inquiry-intrabank": "32",
    "/v1.0/transfer-va/payment-intrabank": "33",
    "/v1.0/transfer-va/notify-payment-intrabank": "34",
    "/v1.0/transfer-va/report": "35",
}


class SnapRoutes:
    """Takes what belongs to banks and hands everything else on."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        desk: Callable[[], SnapDesk],
        clock: Callable[[], datetime],
        hosts: AbstractSet[str],
        seconds: float,
    ) -> None:
        self._app = app
        self._desk = desk
        self._clock = clock
        self._hosts = hosts
        self._seconds = seconds
        self._left = AT_ONCE
        self._threads = CapacityLimiter(THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass."""
        path = scope["path"] if scope["type"] == "http" else ""
        service = SERVICES.get(path)
        if service is None and path not in NOT_ALLOWED:
            await self._app(scope, receive, send)
            return
        number = NOT_ALLOWED[path] if service is None else service.value
        try:
            status, body = await self._answered(service, number, scope, receive)
        except ClientGone:
            return
        response = Response(body, status, media_type="application/json")
        response.headers["X-TIMESTAMP"] = write_timestamp(self._clock())
        await response(scope, receive, send)

    async def _answered(
        self, service: Service | None, number: str, scope: Scope, receive: Receive
    ) -> tuple[int, bytes]:
        no = self._refusal(service, scope)
        if no is not None or service is None:
            return _said(number, *(no or (Case.FEATURE_NOT_ALLOWED, "")))
        try:
            async with asyncio.timeout(self._seconds):
                body = await read_octets(scope, receive)
        except TimeoutError:
            return _said(number, Case.TIMEOUT)
        except RequestTooLarge:
            return _said(number, Case.BAD_REQUEST)
        if self._left == 0:
            return _said(number, Case.TOO_MANY)
        self._left -= 1
        try:
            return await run_sync(self._work, service, _asked(scope, body), limiter=self._threads)
        finally:
            self._left += 1

    def _refusal(self, service: Service | None, scope: Scope) -> tuple[Case, str] | None:
        """What can be said before the body has come: whom it is meant for, which service, which method, which media type."""
        media_type = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
        if "*" not in self._hosts and host_of(scope) not in self._hosts:
            return Case.UNAUTHORIZED, WRONG_HOST
        if service is None:
            return Case.FEATURE_NOT_ALLOWED, ""
        if scope["method"] != "POST":
            return Case.FUNCTION_NOT_SUPPORTED, ""
        if media_type != "application/json":
            return Case.FIELD_FORMAT if media_type else Case.MANDATORY_FIELD, "Content-Type"
        return None

    def _work(self, service: Service, asked: Asked) -> tuple[int, bytes]:
        """In a thread. What keeps us from knowing the outcome is a time-out: the bank asks again, and is told."""
        try:
            if service is Service.ACCESS_TOKEN:
                status, document = self._desk().access_token(asked, self._clock())
                return status, json.dumps(document, separators=(",", ":")).encode()
            answer = self._desk().answer(service, asked, self._clock())
        except (HsmError, DatabaseUnavailable, DatabaseBehind) as failed:
            note_unforeseen(failed)
            return _said(service.value, Case.TIMEOUT)
        except Exception as error:  # noqa: BLE001 - this is the place where everything ends
            note_unforeseen(error)
            return _said(service.value, Case.GENERAL_ERROR)
        return answer.status, answer.body()


def _asked(scope: Scope, body: bytes) -> Asked:
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    path = scope["raw_path"].decode("latin-1")
    return Asked(scope["method"], path, scope["query_string"].decode("latin-1"), Headers(headers), body)


def _said(number: str, case: Case, reason: str = "") -> tuple[int, bytes]:
    words = {"responseCode": case.code(number), "responseMessage": case.message(reason)}
    return case.status, json.dumps(words, separators=(",", ":")).encode()
