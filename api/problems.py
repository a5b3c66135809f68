# SPDX-License-Identifier: Apache-2.0
"""Problem documents (RFC 9457): every answer that is not the one asked for has this shape, and never a stack trace."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from api.http_status import INTERNAL, OUTWARD
from cardservice.errors import KartuError
from cardservice.texts.catalogue import Language, text

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:kartu:problem:"


def problem(code: str, language: Language, evidence: Mapping[str, object] | None = None) -> dict[str, Any]:
    """The document. ``title`` is the cause, ``detail`` the remedy; evidence that outsiders may see stands beside them."""
    words, outward = text(code), OUTWARD[code]
    facts = dict(evidence or {})
    shown = {name: facts[name] for name in sorted(outward.shown & facts.keys())}
    return {
        "type": TYPE_PREFIX + code,
        "title": words.cause(language, facts),
        "status": outward.status,
        "detail": words.remedy(language, facts),
        "code": code,
        **shown,
    }


def problem_response(error: KartuError, language: Language, headers: Mapping[str, str] | None = None) -> Response:
    """The response for an error that ``http_status.OUTWARD`` knows."""
    return _response(error.code, language, error.evidence, headers)


def internal_response(language: Language) -> Response:
    """The response to what nobody foresaw."""
    return _response(INTERNAL, language, {}, None)


def _response(
    code: str, language: Language, evidence: Mapping[str, object], headers: Mapping[str, str] | None
) -> Response:
    document = json.dumps(problem(code, language, evidence), ensure_ascii=False, separators=(",", ":"))
    response = Response(document.encode(), OUTWARD[code].status, media_type=MEDIA_TYPE)
    response.headers["Content-Language"] = language.value
    response.headers["Vary"] = "Accept-Language"
    response.headers["Cache-Control"] = "no-store"
    retry_after = OUTWARD[code].retry_after
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    response.headers.update(headers or {})
    return response
