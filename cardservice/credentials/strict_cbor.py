# SPDX-License-Identifier: Apache-2.0
"""CBOR in its one deterministic encoding (RFC 8949, 4.2.1); whatever is encoded otherwise is refused.

Reading is done here and not by a general decoder: those turn tags into dates, fractions and regular expressions, and hostile bytes get no
such choice. Only integers, byte strings, texts, arrays, maps with integer keys, and booleans.
"""

from typing import Any

import cbor2

MAX_DEPTH = 8

_SIMPLE = 7  # the major type of floats and simple values
_FALSE, _TRUE = 20, 21


class NotStrictCbor(Exception):
    """Bytes that are no deterministically encoded CBOR item; ``rule`` says which rule they break."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def encode(value: Any) -> bytes:
    """The deterministic encoding: shortest forms, map keys in the order of their own encodings."""
    return cbor2.dumps(_ordered(value))


def decode(encoded: bytes) -> Any:
    """The one data item that ``encoded`` is. Raises NotStrictCbor."""
    value, end = _item(encoded, 0, MAX_DEPTH)
    if end != len(encoded):
        raise NotStrictCbor(rule="nothing after the data item")
    # The reader and the writer must agree on every byte.
    if encode(value) != encoded:
        raise NotStrictCbor(rule="deterministic encoding")
    return value


def _place(key: int) -> tuple[bool, int]:
    """Integers stand in the order of their encodings: first those from 0 upwards, then those from -1 downwards."""
    return key < 0, abs(key)


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=_place)}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value


def _item(encoded: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth == 0:
        raise NotStrictCbor(rule=f"nested {MAX_DEPTH} deep at most")
    kind, argument, at = _head(encoded, at)
    match kind:
        case 0 | 1:
            return (-1 - argument if kind else argument), at
        case 2:
            return _take(encoded, at, argument)
        case 3:
            return _text(encoded, at, argument)
        case 4:
            return _array(encoded, at, argument, depth)
        case 5:
            return _map(encoded, at, argument, depth)
        case 7 if argument in {_FALSE, _TRUE}:
            return argument == _TRUE, at
        case _:
            raise NotStrictCbor(rule="no tag, float, null or other simple value")


def _head(encoded: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument in its shortest form, and where the content begins (RFC 8949, 3)."""
    octet, at = _take(encoded, at, 1)
    kind, short = octet[0] >> 5, octet[0] & 0x1F
    if short < 24:
        return kind, short, at
    if short > 27 or kind == _SIMPLE:
        raise NotStrictCbor(rule="definite lengths; no float or long simple value")
    width = 1 << (short - 24)
    octets, at = _take(encoded, at, width)
    argument = int.from_bytes(octets)
    if argument < 24 or (width > 1 and argument < 1 << (4 * width)):
        raise NotStrictCbor(rule="shortest form of every length and number")
    return kind, argument, at


def _take(encoded: bytes, at: int, length: int) -> tuple[bytes, int]:
    if length > len(encoded) - at:
        raise NotStrictCbor(rule="as long as it says")
    return encoded[at : at + length], at + length


def _text(encoded: bytes, at: int, length: int) -> tuple[str, int]:
    octets, at = _take(encoded, at, length)
    try:
        return octets.decode("utf-8", "strict"), at
    except UnicodeDecodeError:
        raise NotStrictCbor(rule="texts in UTF-8") from None


def _array(encoded: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    if count > len(encoded) - at:
        raise NotStrictCbor(rule="as long as it says")
    items: list[Any] = []
    for _ in range(count):
        item, at = _item(encoded, at, depth - 1)
        items.append(item)
    return items, at


def _map(encoded: bytes, at: int, count: int, depth: int) -> tuple[dict[int, Any], int]:
    if 2 * count > len(encoded) - at:
        raise NotStrictCbor(rule="as long as it says")
    members: dict[int, Any] = {}
    previous = b""
    for _ in range(count):
        begin = at
        key, at = _item(encoded, at, depth - 1)
        if type(key) is not int:
            raise NotStrictCbor(rule="map keys are integers")
        if encoded[begin:at] <= previous:
            raise NotStrictCbor(rule="map keys in order, each once")
        previous = encoded[begin:at]
        members[key], at = _item(encoded, at, depth - 1)
    return members, at
