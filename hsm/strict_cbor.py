# SPDX-License-Identifier: Apache-2.0
"""CBOR read strictly (RFC 8949): one item, definite lengths, shortest forms, no key twice, nothing behind it."""

import cbor2


class NotStrictCbor(Exception):
    """Bytes that are no strict CBOR; never leaves the reader that asked."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def decode_strict(encoded: bytes) -> object:
    """The one item that ``encoded`` holds. Raises NotStrictCbor."""
    try:
        item: object = cbor2.loads(encoded)
        # Long forms, indefinite lengths, repeated keys and trailing bytes all encode differently the second time.
        again = cbor2.dumps(item)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, ArithmeticError):
        raise NotStrictCbor("not CBOR") from None
    if again != encoded:
        raise NotStrictCbor("not in its one shortest form")
    return item
