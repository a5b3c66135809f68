# SPDX-License-Identifier: Apache-2.0
"""Accept-Language (RFC 9110, 12.5.4), for two languages: Indonesian unless English is preferred."""

import re

from cardservice.texts.catalogue import Language

MAX_HEADER = 500  # browsers send 100; more is nobody's preference
_RANGE = re.compile(
    r"\s*(\*|[A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*[qQ]=([01](?:\.[0-9]{0,3})?))?\s*", re.ASCII
)


def preferred(accept_language: str | None) -> Language:
    """The better liked of our languages."""
    liking: dict[str, float] = {}
    for part in (accept_language or "")[:MAX_HEADER].split(","):
        match = _RANGE.fullmatch(part)
        if match:
            name = match[1].lower()
            liking[name] = max(liking.get(name, 0.0), float(match[2] or 1))
    others = liking.get("*", 0.0)
    # "in" is what old Java calls Indonesian.
    indonesian = max(liking.get("id", others), liking.get("in", 0.0))
    return Language.ENGLISH if liking.get("en", others) > indonesian else Language.INDONESIAN
