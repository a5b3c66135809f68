# SPDX-License-Identifier: Apache-2.0
"""BER-TLV as ISO/IEC 7816-4, 5.2.2 uses it on cards: tags of 1 to 3 bytes, lengths of 1 to 5 bytes.

A ``Tlv`` *is* its encoding, so a template is built by joining: ``Tlv(0x6F, Tlv(0x84, aid) + Tlv(0xA5, fields))``.
"""

from functools import lru_cache
from typing import Self

from cardservice.card_edge.errors import MalformedTlv

MAX_TAG_BYTES = 3  # ISO/IEC 7816-4, 5.2.2.1: longer tags are reserved
MAX_LENGTH_BYTES = 4  # bytes that follow 84; 85 and above are reserved
MAX_VALUE_LENGTH = 0x01_0000  # 64 KiB: more than any object a card of ours can hold
PRIVATE_CLASS = (
    0xC0  # DF01 to DF1E, invalid by 5.2.2.1, are in use all over EMV and on our sector applet (decision 0010)
)
MAX_DEPTH = 8  # nesting that ``find`` follows
MAX_ELEMENTS = 1024  # elements that one level may hold


class Tlv(bytes):
    """One BER-TLV data object: ``tag`` as an integer (0x5FC102), ``value`` as bytes."""

    __slots__ = ()

    def __new__(cls, tag: int, value: bytes = b"") -> Self:
        """Encode; the length takes the shortest form."""
        return super().__new__(cls, encode_tag(tag) + encode_length(len(value)) + value)

    @property
    def tag(self) -> int:
        """The tag, read back from the encoding."""
        return _read_tag(self, 0)[0]

    @property
    def value(self) -> bytes:
        """The value field."""
        _, offset = _read_tag(self, 0)
        _, offset = _read_length(self, offset)
        return bytes(self[offset:])

    @property
    def constructed(self) -> bool:
        """Whether bit 6 of the first tag byte says that the value is made of data objects."""
        return bool(self[0] & 0x20)

    def __repr__(self) -> str:
        return f"Tlv({self.tag:X}, {len(self.value)} bytes)"

    @classmethod
    def parse(cls, encoded: bytes) -> Self:
        """Read exactly one data object; trailing bytes are refused."""
        tag, value, end = _read(encoded, 0)
        if end != len(encoded):
            raise MalformedTlv(rule="trailing bytes", offset=end)
        return cls(tag, value)


@lru_cache(maxsize=1024)  # a card of ours uses some forty tags, over and over
def encode_tag(tag: int) -> bytes:
    """The tag field. Raises MalformedTlv for an integer that is no tag."""
    if not 0 < tag < 1 << (8 * MAX_TAG_BYTES):
        raise MalformedTlv(rule="tag out of range", offset=0)
    encoded = tag.to_bytes((tag.bit_length() + 7) // 8, "big")
    if _read_tag(encoded, 0)[1] != len(encoded):
        raise MalformedTlv(rule="not a tag", offset=0)
    return encoded


def encode_length(length: int) -> bytes:
    """The length field in its shortest form (ISO/IEC 7816-4, table 8)."""
    if length < 0x80:
        return bytes([length])
    if length > MAX_VALUE_LENGTH:
        raise MalformedTlv(rule="value too long", offset=0)
    body = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(body)]) + body


def parse_all(encoded: bytes) -> list[Tlv]:
    """Read a run of data objects that fills the input exactly."""
    return [Tlv(tag, value) for tag, value in _run(encoded)]


def parse_dict(encoded: bytes) -> dict[int, bytes]:
    """Read a run of data objects, each tag at most once."""
    fields: dict[int, bytes] = {}
    for tag, value in _run(encoded):
        if tag in fields:
            raise MalformedTlv(rule=f"tag {tag:X} twice", offset=0)
        fields[tag] = value
    return fields


def find(encoded: bytes, *path: int) -> bytes:
    """The value at a path of tags, each inside the one before. Raises MalformedTlv where the path breaks off."""
    if len(path) > MAX_DEPTH:
        raise MalformedTlv(rule="path too deep", offset=0)
    value = encoded
    for tag in path:
        # The whole level is read, so that what follows a hit has to be well formed as well.
        inner = next((field for name, field in _run(value) if name == tag), None)
        if inner is None:
            raise MalformedTlv(rule=f"no tag {tag:X}", offset=0)
        value = inner
    return value


def _run(encoded: bytes) -> list[tuple[int, bytes]]:
    """Tag and value of each data object of a run that fills the input exactly."""
    fields: list[tuple[int, bytes]] = []
    offset = 0
    while offset < len(encoded):
        if len(fields) == MAX_ELEMENTS:
            raise MalformedTlv(rule="too many elements", offset=offset)
        tag, value, offset = _read(encoded, offset)
        fields.append((tag, value))
    return fields


def _read(encoded: bytes, offset: int) -> tuple[int, bytes, int]:
    tag, offset = _read_tag(encoded, offset)
    length, offset = _read_length(encoded, offset)
    end = offset + length
    if end > len(encoded):
        raise MalformedTlv(rule="value cut short", offset=offset)
    return tag, bytes(encoded[offset:end]), end


def _read_tag(encoded: bytes, offset: int) -> tuple[int, int]:
    if offset >= len(encoded):
        raise MalformedTlv(rule="no tag", offset=offset)
    first = encoded[offset]
    if first == 0x00:
        # 5.2.2.1: padding between objects, which starts none. FF does start one: FF21 names a card's free memory (decision 0013).
        raise MalformedTlv(rule="reserved tag", offset=offset)
    end = offset + 1
    if first & 0x1F != 0x1F:
        return first, end
    while True:
        if end >= len(encoded):
            raise MalformedTlv(rule="tag cut short", offset=offset)
        following = encoded[end]
        end += 1
        if end - offset > MAX_TAG_BYTES:
            raise MalformedTlv(rule="tag too long", offset=offset)
        if end == offset + 2 and following < 0x1F and first < PRIVATE_CLASS:
            raise MalformedTlv(rule="long tag for a short number", offset=offset)
        if end == offset + 2 and following == 0x80:
            raise MalformedTlv(rule="tag number padded", offset=offset)
        if not following & 0x80:
            break
    return int.from_bytes(encoded[offset:end], "big"), end


def _read_length(encoded: bytes, offset: int) -> tuple[int, int]:
    if offset >= len(encoded):
        raise MalformedTlv(rule="no length", offset=offset)
    first = encoded[offset]
    offset += 1
    if first < 0x80:
        return first, offset
    count = first & 0x7F
    if count == 0:
        raise MalformedTlv(rule="indefinite length", offset=offset - 1)
    if count > MAX_LENGTH_BYTES:
        raise MalformedTlv(rule="length too long", offset=offset - 1)
    if offset + count > len(encoded):
        raise MalformedTlv(rule="length cut short", offset=offset - 1)
    length = int.from_bytes(encoded[offset : offset + count], "big")
    if length > MAX_VALUE_LENGTH:
        raise MalformedTlv(rule="value too long", offset=offset - 1)
    return length, offset + count
