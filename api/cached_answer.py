# SPDX-License-Identifier: Apache-2.0
"""A public document that caches may keep (RFC 9111): its ETag, and 304 for whoever has it already (RFC 9110, 13.1.2)."""

from hashlib import sha256
from typing import Annotated, TypeAlias

from fastapi import Header, Response

# A new key is published a week before it signs: whoever looks once a day misses nothing. stale-if-error: RFC 5861, 4.
CACHE_CONTROL = "public, max-age=3600, stale-if-error=86400"
IfNoneMatch: TypeAlias = Annotated[str | None, Header(description="The ETag that is cached; 304 if it still holds.")]


def cached_answer(document: bytes, media_type: str, if_none_match: str | None) -> Response:
    """The document, or 304 without it."""
    etag = f'"{sha256(document).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL, "Access-Control-Allow-Origin": "*"}
    if if_none_match is not None and etag in {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(document, media_type=media_type, headers=headers)
