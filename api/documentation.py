# SPDX-License-Identifier: Apache-2.0
"""What OpenAPI says of each operation: the problems it can answer with, and worked examples that tests execute."""

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from api.http_status import INTERNAL, OUTWARD
from api.models import Problem
from api.problems import MEDIA_TYPE, problem
from cardservice.texts.catalogue import Language

_EVERYWHERE = ("request-host", INTERNAL)
_WITH_BODY = ("request-malformed", "request-too-large", "request-too-slow", "request-media-type", "request-invalid")
_FOR_VERIFIERS = ("caller-unknown", "overloaded", "records-unavailable")
_OF_FILES = ("not-published", "publication-unreadable")

PROBLEMS = {
    "createChallenge": (
        *_EVERYWHERE,
        *_WITH_BODY,
        *_FOR_VERIFIERS,
        "purpose-not-open",
        "service-date-refused",
        "event-moment-refused",
    ),
    "createVerification": (
        *_EVERYWHERE,
        *_WITH_BODY,
        *_FOR_VERIFIERS,
        "challenge-not-valid",
        "cover-proof-refused",
        "tap-refused",
        "card-not-valid",
        "keys-unavailable",
    ),
    "createRenewal": (*_EVERYWHERE, *_WITH_BODY, *_FOR_VERIFIERS, "renewal-refused", "keys-unavailable"),
    "createGroupPayment": (
        *_EVERYWHERE,
        *_WITH_BODY,
        *_FOR_VERIFIERS,
        "subject-unknown",
        "collection-out-of-scope",
        "reference-conflict",
        "money-bounced",
        "group-sum-mismatch",
    ),
    "createCashReceipt": (
        *_EVERYWHERE,
        *_WITH_BODY,
        *_FOR_VERIFIERS,
        "subject-unknown",
        "collection-out-of-scope",
        "agent-stopped",
        "reference-conflict",
        "receipt-is-void",
        "payment-amount-refused",
        "keys-unavailable",
    ),
    "getTokenKeys": (*_EVERYWHERE, "keys-unavailable"),
    "getCoverProofKeys": (*_EVERYWHERE, "keys-unavailable"),
    "getReceiptKeys": (*_EVERYWHERE, "keys-unavailable"),
    "getCardCaCertificates": (*_EVERYWHERE, *_OF_FILES),
    "getCardCaWithdrawals": (*_EVERYWHERE, *_OF_FILES),
    "getAuditKeys": (*_EVERYWHERE, *_OF_FILES),
    "getHealth": ("request-host",),  # it touches nothing that could break
    "getReadiness": (*_EVERYWHERE, "not-ready"),
}
TAGS = [
    {"name": "verification", "description": "For verifiers: challenge, tap, verification."},
    {"name": "collection", "description": "For intermediaries: a group's sums, agents' cash."},
    {"name": "keys", "description": "For everyone who checks a token, a cover proof or a card. Caches may keep them."},
    {"name": "health", "description": "For those who run the service."},
]
_FASTAPIS_OWN = "HTTPValidationError"
_TITLES = {
    400: "The request is not well formed",
    408: "The body did not come in time",
    401: "Nobody has this secret",
    403: "Refused",
    404: "Not there, or not for this caller",
    409: "Not any more, used before, or not for this card",
    413: "The body is too long",
    415: "The body is not JSON",
    422: "The body is not what is documented, or can't be meant",
    500: "The program went wrong",
    503: "Not now",
}


def problems_of(operation_id: str) -> dict[int | str, dict[str, Any]]:
    """FastAPI's ``responses`` for the problems of an operation, one example for each code."""
    by_status: dict[int, dict[str, Any]] = defaultdict(dict)
    for code in PROBLEMS[operation_id]:
        by_status[OUTWARD[code].status][code] = {"value": problem_example(operation_id, code)}
    return {
        status: {
            "model": Problem,
            "description": _TITLES[status],
            "content": {MEDIA_TYPE: {"examples": examples}},
        }
        for status, examples in sorted(by_status.items())
    }


def problem_example(operation_id: str, code: str) -> dict[str, Any]:
    """The document of a code as it comes without Accept-Language, with the evidence of the worked examples."""
    evidence = worked_examples()["evidence"].get(operation_id, {})
    return problem(code, Language.INDONESIAN, evidence.get(code, {}))


def worked(operation_id: str) -> dict[str, Any]:
    """FastAPI's ``openapi_extra``: the worked examples of an operation, request and response under the same name."""
    examples = worked_examples()["operations"].get(operation_id, {})
    requests = {name: _example(each, "request") for name, each in examples.items() if "request" in each}
    responses: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, each in examples.items():
        responses[str(each["status"])][name] = _example(each, "response")
    extra: dict[str, Any] = {
        "responses": {
            status: {"content": {media_type_of(operation_id): {"examples": of_status}}}
            for status, of_status in responses.items()
        }
    }
    if requests:
        extra["requestBody"] = {"content": {"application/json": {"examples": requests}}}
    return extra


def openapi_of(routes: Sequence[BaseRoute], *, title: str, version: str, summary: str) -> dict[str, Any]:
    """The OpenAPI document. FastAPI puts each schema beside application/json; it belongs beside the media type that is really sent."""
    document: dict[str, Any] = get_openapi(title=title, version=version, summary=summary, routes=routes, tags=TAGS)
    for operations in document["paths"].values():
        for operation in operations.values():
            # FastAPI's own 422 stands where no body is: a header that may hold anything can't be wrong.
            if _FASTAPIS_OWN in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
            for response in operation["responses"].values():
                _move_schema(response.get("content", {}))
    for unused in (_FASTAPIS_OWN, "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    return document


def _move_schema(content: dict[str, dict[str, Any]]) -> None:
    other = next((media_type for media_type in content if media_type != "application/json"), None)
    if other is not None:
        content[other]["schema"] = content.pop("application/json")["schema"]


def media_type_of(operation_id: str) -> str:
    """The media type of an operation's good answer."""
    if operation_id == "getCardCaCertificates":
        return "application/pem-certificate-chain"
    return "application/jwk-set+json" if operation_id.endswith("Keys") else "application/json"


def _example(each: dict[str, Any], part: str) -> dict[str, Any]:
    return {"summary": each["summary"], "value": each[part]}


@cache
def worked_examples() -> dict[str, Any]:
    """The file that ``tests/api`` writes from a running app and holds the app to."""
    loaded: dict[str, Any] = json.loads(files("api").joinpath("worked_examples.json").read_text(encoding="utf-8"))
    return loaded
