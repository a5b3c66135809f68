# SPDX-License-Identifier: Apache-2.0
"""Reading the headers of an ASGI scope, before there is a request object."""

from starlette.types import Scope

from api.language import preferred
from cardservice.texts.catalogue import Language


def header(scope: Scope, name: bytes) -> str | None:
    """The one value of a header; None if it is absent or given twice, which no honest client does with the headers we read."""
    values: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


def language_of(scope: Scope) -> Language:
    """The language that the caller reads best."""
    return preferred(header(scope, b"accept-language"))
