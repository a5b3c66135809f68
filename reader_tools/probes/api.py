# SPDX-License-Identifier: Apache-2.0
"""Probe of the service: whether it answers and calls itself ready, and what its Date header says."""

import httpx

from reader_tools.probes.finding import Finding, Level, Part

SECONDS = 3.0


def probe_api(api_url: str, *, transport: httpx.BaseTransport | None = None) -> tuple[Finding, str | None]:
    """Ask ``/readyz``; the Date header goes to the clock probe. A desk verifies offline without it, so it WARNs."""
    try:
        with httpx.Client(timeout=SECONDS, transport=transport) as client:
            answer = client.get(f"{api_url.rstrip('/')}/readyz")
    except (httpx.HTTPError, httpx.InvalidURL) as failed:
        return Finding(Part.API, Level.WARN, "api-down", {"url": api_url, "error": type(failed).__name__}), None
    date = answer.headers.get("Date")
    if answer.status_code != httpx.codes.OK:
        return Finding(Part.API, Level.WARN, "api-not-ready", {"url": api_url, "status": answer.status_code}), date
    return Finding(Part.API, Level.OK, "api-ok", {"url": api_url}), date
