# SPDX-License-Identifier: Apache-2.0
"""The caller of a route: ``Authorization: Bearer <secret>`` (RFC 6750, 2.1) to a Caller, or 401."""

from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from api.wiring import Wired, Wiring
from cardservice.partnership.caller import Caller
from cardservice.partnership.errors import CallerUnknown

REMEMBERED = timedelta(seconds=5)  # a revoked verifier is served no longer than this
MAX_REMEMBERED = 1024
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="kartu"'}

verifier_secret = HTTPBearer(
    auto_error=False,
    scheme_name="verifierSecret",
    description="The secret that the verifier was given when it was registered, as Bearer.",
)


class Callers:
    """Verifiers that proved who they are a moment ago, by the hash of their secret; only right secrets are remembered."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[Caller, datetime]] = OrderedDict()

    def remembered(self, secret: str, now: datetime) -> Caller | None:
        """The caller with this secret, if it was here within the last seconds."""
        caller, since = self._known.get(_name(secret), (None, now))
        return caller if timedelta(0) <= now - since < REMEMBERED else None

    def remember(self, secret: str, caller: Caller, now: datetime) -> None:
        """Keep it for a while; the oldest makes room."""
        self._known[_name(secret)] = (caller, now)
        self._known.move_to_end(_name(secret))
        while len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)


def _name(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "replace")).digest()


async def authenticated(
    request: Request,
    wiring: Wired,
    _: Annotated[
        HTTPAuthorizationCredentials | None, Depends(verifier_secret)
    ],  # for OpenAPI; read below, more strictly
) -> Caller:
    """The caller. Raises CallerUnknown: no secret, another scheme, unknown and revoked look the same."""
    callers: Callers = request.app.state.callers
    secret = presented_secret(request)
    now = wiring.clock()
    known = callers.remembered(secret, now)
    if known is not None:
        return known
    caller = await run_in_threadpool(_authenticate, wiring, secret, now)
    callers.remember(secret, caller, now)
    return caller


def _authenticate(wiring: Wiring, secret: str, now: datetime) -> Caller:
    return wiring.store.authenticate(secret, now)


def presented_secret(request: Request) -> str:
    """What stands in Authorization as Bearer. Raises CallerUnknown for anything else."""
    values = request.headers.getlist("authorization")
    scheme, _, secret = (values[0] if len(values) == 1 else "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise CallerUnknown
    return secret


AuthenticatedCaller = Annotated[Caller, Depends(authenticated)]
