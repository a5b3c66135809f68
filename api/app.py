# SPDX-License-Identifier: Apache-2.0
"""The service as an ASGI application: gates around routes around the use case."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from api import ca_files, cash_receipts, challenges, group_payments, health, renewals, verifications, well_known
from api.caller import CHALLENGE, Callers
from api.documentation import openapi_of
from api.errors import MethodNotAllowed, RequestInvalid, RouteUnknown
from api.field_rules import words
from api.gate.admission import Admission
from api.gate.body import StrictBody
from api.gate.head import HeadAsGet
from api.gate.headers import language_of
from api.gate.host import AllowedHosts
from api.gate.security_headers import SecurityHeaders
from api.gate.unforeseen import Unforeseen, note_unforeseen
from api.http_status import outward_error
from api.partner_routes import PartnerRoutes, partner_threads
from api.ppob import PpobProtocol
from api.problems import internal_response, problem_response
from api.published_files import PublishedFiles
from api.published_keys import PublishedKeys
from api.settings import Settings
from api.snap import SnapProtocol
from api.wiring import ServiceKeys, ServiceStore, Wiring, ppob_desk, snap_desk
from cardservice import clock as clocks
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.errors import KartuError
from cardservice.keys import Purpose
from cardservice.partnership.errors import CallerUnknown

TITLE = "kartu"
VERSION = "0.1.0"
SUMMARY = "Is this card genuine, is it here now, is its holder covered for this, on this day?"
MAX_FIELD_ERRORS = 20
MAX_POINTER = 120  # characters; a pointer holds the caller's own words
_ROUTERS = tuple(
    routes.router
    for routes in (challenges, verifications, renewals, group_payments, cash_receipts, well_known, ca_files, health)
)


def create_app(
    settings: Settings,
    *,
    keys: ServiceKeys,
    store: ServiceStore,
    packs: PacksInForce,
    clock: Callable[[], datetime],
    randomness: Callable[[int], bytes] = os.urandom,
    monotonic: Callable[[], float] = clocks.monotonic,
) -> FastAPI:
    """Wire one worker. ``clock`` gives aware moments, ``monotonic`` seconds that only rise; the caller closes ``store`` and ``keys`` after the last request."""
    # Made at the first request, when there is a loop; one number for all partners.
    in_thread, in_key_thread = cache(partner_threads), cache(partner_threads)
    app = FastAPI(
        title=TITLE,
        version=VERSION,
        summary=SUMMARY,
        docs_url=None,  # its page would load scripts from a stranger
        redoc_url=None,
        redirect_slashes=False,
        # The first is the outermost.
        middleware=[
            Middleware(SecurityHeaders, hsts=settings.is_production),
            *(
                Middleware(
                    PartnerRoutes, protocol=protocol, hosts=settings.allowed_hosts, seconds=settings.body_seconds
                )
                for protocol in (
                    cache(
                        lambda: SnapProtocol(
                            snap_desk(keys, store, packs, randomness, in_thread(), in_key_thread(), monotonic), clock
                        )
                    ),
                    cache(
                        lambda: PpobProtocol(ppob_desk(keys, store, packs, randomness, monotonic), clock, in_thread())
                    ),
                )
            ),
            Middleware(HeadAsGet),
            Middleware(Unforeseen),
            Middleware(AllowedHosts, hosts=settings.allowed_hosts),
            Middleware(StrictBody, seconds=settings.body_seconds),
            Middleware(Admission, at_once=settings.at_once),
        ],
        exception_handlers={
            KartuError: _kartu_error,
            RequestValidationError: _not_as_documented,
            HTTPException: _no_such_route,
        },
    )
    app.state.callers = Callers()
    app.state.wiring = Wiring(
        settings=settings,
        keys=keys,
        store=store,
        packs=packs,
        clock=clock,
        randomness=randomness,
        token_keys=PublishedKeys(lambda: keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN), clock),
        cover_proof_keys=PublishedKeys(lambda: keys.verifying_keys(Purpose.COVER_PROOF), clock),
        receipt_keys=PublishedKeys(lambda: keys.verifying_keys(Purpose.RECEIPT), clock),
        published_files=PublishedFiles(settings.published),
    )
    for router in _ROUTERS:
        app.include_router(router)
    _document()  # before the first request: half a second in which a worker would answer nobody
    app.openapi = _document  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


@cache
def _document() -> dict[str, Any]:
    """The OpenAPI document: of the routes, which every worker has alike, and not of what one is wired to."""
    routes = [route for router in _ROUTERS for route in router.routes]
    return openapi_of(routes, title=TITLE, version=VERSION, summary=SUMMARY)


async def _kartu_error(request: Request, error: Exception) -> Response:
    """Errors that have a place outside; any other is as unforeseen as an exception."""
    assert isinstance(error, KartuError)
    known = outward_error(error)
    if known is None:
        note_unforeseen(error)
        return internal_response(language_of(request.scope))
    headers = CHALLENGE if isinstance(known, CallerUnknown) else None
    return problem_response(known, language_of(request.scope), headers)


async def _not_as_documented(request: Request, error: Exception) -> Response:
    """Which members are wrong and why; never what they held."""
    assert isinstance(error, RequestValidationError)
    language = language_of(request.scope)
    found = [
        {"pointer": _pointer(each["loc"]), "rule": words(each, language)} for each in error.errors()[:MAX_FIELD_ERRORS]
    ]
    return problem_response(RequestInvalid(errors=found), language)


def _pointer(location: tuple[int | str, ...]) -> str:
    """RFC 6901, from the body's root."""
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in location if part != "body"]
    return "".join("/" + part for part in parts)[:MAX_POINTER]


def _allowed(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    """Allow as the routes tell it, with HEAD wherever there is GET (gate/head.py)."""
    methods = sorted({each.strip() for each in (headers or {}).get("Allow", "").split(",")} - {""})
    return {"Allow": ", ".join([*methods, "HEAD"] if "GET" in methods else methods)}


async def _no_such_route(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: an address or method that is not there."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return problem_response(RouteUnknown(), language_of(request.scope))
    if error.status_code == 405:
        return problem_response(MethodNotAllowed(), language_of(request.scope), _allowed(error.headers))
    note_unforeseen(error)
    return internal_response(language_of(request.scope))
