# SPDX-License-Identifier: Apache-2.0
"""SNAP's EndpointUrl: the relative path with its query, percent-encoded as RFC 3986 says, parameters sorted by name and then value."""

from urllib.parse import quote, unquote_to_bytes

_IN_PATH = "/:@!$&'()*+,;="  # RFC 3986, 3.3: pchar and "/"; unreserved characters are never encoded


def endpoint_url(path: str, query: str = "") -> str:
    """The form that is signed, of a path and query as they were sent. Hexadecimal digits upper case; ``+`` is a plus sign, not a space."""
    signed = quote(unquote_to_bytes(path), safe=_IN_PATH)
    if not query:
        return signed
    pairs = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        pairs.append((_encoded(name), _encoded(value), equals))
    return f"{signed}?" + "&".join(f"{name}{equals}{value}" for name, value, equals in sorted(pairs))


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="")
