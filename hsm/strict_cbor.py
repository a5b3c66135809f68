# SPDX-License-Identifier: Apache-2.0
"""CBOR read strictly (RFC 8949): one item, definite lengths, shortest forms, no key twice, nothing behind it.

The general decoder is let at bytes only after a look at every head. It turns tags into regular expressions, fractions and shared
references, so that 200 bytes would cost hours and all memory; and keys of a long map can be chosen so that each meets all others.
"""

import cbor2

MAX_PAIRS = 64  # in one map

_BYTES, _TEXT, _MAP, _TAG, _SIMPLE = 2, 3, 5, 6, 7  # major types
_FALSE, _NULL = 20, 22  # and true between them


class NotStrictCbor(Exception):
    """Bytes that are no strict CBOR; never leaves the reader that asked."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def decode_strict(encoded: bytes) -> object:
    """The one item that ``encoded`` holds: integers, byte strings, texts, lists, short maps, booleans, null. Raises NotStrictCbor."""
    _refuse_strange(encoded)
    try:
        item: object = cbor2.loads(encoded)
        # Long forms, indefinite lengths, repeated keys and trailing bytes all encode differently the second time.
        again = cbor2.dumps(item)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, ArithmeticError):
        raise NotStrictCbor("not CBOR") from None
    if again != encoded:
        raise NotStrictCbor("not in its one shortest form")
    return item


def _refuse_strange(encoded: bytes) -> None:
    """Look at each head, and at nothing between them. How items nest is the decoder's to say."""
    at, end = 0, len(encoded)
    while at < end:
        kind, argument = encoded[at] >> 5, encoded[at] & 0x1F
        at += 1
        if kind == _TAG or (kind == _SIMPLE and not _FALSE <= argument <= _NULL):
            raise NotStrictCbor("only integers, byte strings, texts, lists, maps, booleans and null")
        if argument > 23:
            length = 1 << (argument - 24)
            if length > 8:
                raise NotStrictCbor("not in its one shortest form")
            argument = int.from_bytes(encoded[at : at + length])
            at += length
        if kind in (_BYTES, _TEXT):
            at += argument
        elif kind == _MAP and argument > MAX_PAIRS:
            raise NotStrictCbor(f"a map has at most {MAX_PAIRS} pairs")
