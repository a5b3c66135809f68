# SPDX-License-Identifier: Apache-2.0
"""SNAP's "minify": JSON without the white space between its tokens. White space inside strings stays: ``partnerServiceId`` is padded with it."""

import re

# RFC 8259, 2: white space is space, tab, line feed and carriage return. Possessive: a string without an end is read once.
_STRING_OR_SPACE = re.compile(rb'("(?:[^"\\]++|\\.)*+"?)|[ \t\r\n]+', re.DOTALL)


def minify(body: bytes) -> bytes:
    """The body as it is hashed for a signature. Works on the octets as sent: nothing is parsed, re-ordered or re-encoded."""
    return _STRING_OR_SPACE.sub(lambda found: found[1] or b"", body)
