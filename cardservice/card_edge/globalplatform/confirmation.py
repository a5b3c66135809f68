# SPDX-License-Identifier: Apache-2.0
"""The confirmation that DELETE, INSTALL and LOAD answer with (GlobalPlatform 11.1.6): nothing, or a receipt of delegated management."""

from dataclasses import dataclass

from cardservice.card_edge.errors import UnexpectedResponse

NOTHING = frozenset({b"", b"\x00"})


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A receipt and what it covers. The counter only rises; the server keeps it."""

    receipt: bytes
    counter: int
    security_domain_unique_data: bytes
    token_identifier: bytes = b""
    token_digest: bytes = b""


def parse_confirmation(data: bytes) -> Confirmation | None:
    """Read ``LV receipt | 02 counter | LV unique data | [LV token identifier] [LV digest]``; None for ``00``. Raises UnexpectedResponse."""
    if data in NOTHING:
        return None
    fields = []
    rest = data
    while rest:
        end = 1 + rest[0]
        if end > len(rest):
            raise UnexpectedResponse(step="confirmation", rule="a length beyond the end")
        fields.append(rest[1:end])
        rest = rest[end:]
    if not 3 <= len(fields) <= 5 or len(fields[1]) != 2:
        raise UnexpectedResponse(step="confirmation", rule="receipt, counter of 2 bytes, unique data")
    receipt, counter, unique, *optional = fields
    return Confirmation(receipt, int.from_bytes(counter, "big"), unique, *optional)
