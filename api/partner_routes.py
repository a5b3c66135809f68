# SPDX-License-Identifier: Apache-2.0
"""Routes of payment partners, beside FastAPI: the octets go to a desk as they came, and every answer is in the partner's protocol.

A signature is over path, query and body as they were sent, so nothing may parse them before; and a partner's machine knows the words of its
own protocol only, so that no problem document may reach it.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, TypeVar

from anyio import CapacityLimiter, move_on_after
from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import RequestTooLarge
from api.gate.body import ClientGone, read_octets
from api.gate.headers import header
from api.gate.host import host_of
from api.gate.unforeseen import note_unforeseen
from cardservice.collection.in_thread import InThread, NoThreadFree
from cardservice.collection.snap.caller import Asked
from cardservice.collection.snap.headers import Headers
from cardservice.records.errors import DatabaseBehind, DatabaseUnavailable
from hsm.errors import HsmError

AT_ONCE = 128  # requests under way; one more is told to come back
THREADS = 24  # of them at work in threads: fewer than the database has connections, and apart from those that verifications need


Result = TypeVar("Result")


class Fault(Enum):
    """What is wrong before a desk sees a request, or when it can't answer."""

    HOST = auto()
    METHOD = auto()
    MEDIA_TYPE_MISSING = auto()
    MEDIA_TYPE = auto()
    TOO_LARGE = auto()
    TOO_SLOW = auto()
    TOO_MANY = auto()
    OUTCOME_UNKNOWN = auto()  # keys or database: the partner asks again, and is told
    UNFORESEEN = auto()


@dataclass(frozen=True, slots=True)
class PartnerAnswer:
    """HTTP status, JSON text, and headers of the protocol."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Protocolled(Protocol):
    """One protocol: which addresses are its own, what answers them, and how it words a fault."""

    def owns(self, path: str) -> bool:
        """Whether an address belongs to it."""
        ...

    async def answer(self, path: str, asked: Asked) -> PartnerAnswer:
        """The answer of the desk."""
        ...

    def fault(self, path: str, fault: Fault) -> PartnerAnswer:
        """A fault in the protocol's words."""
        ...


class PartnerRoutes:
    """Takes what belongs to a protocol and hands everything else on."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        protocol: Callable[[], Protocolled],
        hosts: AbstractSet[str],
        seconds: float,
    ) -> None:
        self._app = app
        self._protocol = protocol
        self._hosts = hosts
        self._seconds = seconds
        self._left = AT_ONCE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass."""
        if scope["type"] != "http" or not self._protocol().owns(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._answered(scope["path"], scope, receive)
        except ClientGone:
            return
        response = Response(answer.body, answer.status, headers=dict(answer.headers), media_type="application/json")
        await response(scope, receive, send)

    async def _answered(self, path: str, scope: Scope, receive: Receive) -> PartnerAnswer:
        protocol = self._protocol()
        fault = self._fault(scope)
        if fault is not None:
            return protocol.fault(path, fault)
        try:
            async with asyncio.timeout(self._seconds):
                body = await read_octets(scope, receive)
        except TimeoutError:
            return protocol.fault(path, Fault.TOO_SLOW)
        except RequestTooLarge:
            return protocol.fault(path, Fault.TOO_LARGE)
        if self._left == 0:
            return protocol.fault(path, Fault.TOO_MANY)
        self._left -= 1
        try:
            return await _work(protocol, path, _asked(scope, body))
        finally:
            self._left += 1

    def _fault(self, scope: Scope) -> Fault | None:
        """What can be said before the body has come: for whom it is meant, which method, which media type."""
        if "*" not in self._hosts and host_of(scope) not in self._hosts:
            return Fault.HOST
        if scope["method"] != "POST":
            return Fault.METHOD
        media_type = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            return Fault.MEDIA_TYPE if media_type else Fault.MEDIA_TYPE_MISSING
        return None


def partner_threads() -> InThread:
    """Threads for what blocks in a protocol's desk."""
    limiter = CapacityLimiter(THREADS)

    async def in_thread(work: Callable[[], Result], within: float) -> Result:
        # Only the wait for a thread can be cut short: run_sync() shields what was begun, and its result is the answer however late.
        with move_on_after(within):
            return await run_sync(work, limiter=limiter)
        raise NoThreadFree

    return in_thread


async def _work(protocol: Protocolled, path: str, asked: Asked) -> PartnerAnswer:
    try:
        return await protocol.answer(path, asked)
    except (HsmError, DatabaseUnavailable, DatabaseBehind) as failed:
        note_unforeseen(failed)
        return protocol.fault(path, Fault.OUTCOME_UNKNOWN)
    except NoThreadFree:
        return protocol.fault(path, Fault.TOO_MANY)
    except Exception as error:  # noqa: BLE001 - this is the place where everything ends
        note_unforeseen(error)
        return protocol.fault(path, Fault.UNFORESEEN)


def _asked(scope: Scope, body: bytes) -> Asked:
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    path = scope["raw_path"].decode("latin-1")
    return Asked(scope["method"], path, scope["query_string"].decode("latin-1"), Headers(headers), body)
