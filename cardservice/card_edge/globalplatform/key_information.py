# SPDX-License-Identifier: Apache-2.0
"""Key information template, tag E0 (GlobalPlatform 11.3.3.1): which keys a security domain holds."""

from dataclasses import dataclass
from typing import Self

from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.tlv import parse_all

TEMPLATE = 0xE0
KEY = 0xC0
AES = 0x88
EXTENDED = 0xFF  # table 11-29: types of the extended form are FF xx, lengths 2 bytes


@dataclass(frozen=True, slots=True)
class KeyComponent:
    """Type and length in bytes of one component of a key. An extended type keeps its FF: 0xFF88."""

    type: int
    length: int


@dataclass(frozen=True, slots=True)
class KeyInformation:
    """One key: identifier 01 ENC, 02 MAC, 03 DEK in an SCP03 set."""

    key_identifier: int
    key_version_number: int
    components: tuple[KeyComponent, ...]
    usage: bytes = b""  # extended form only
    access: bytes = b""

    @classmethod
    def parse(cls, value: bytes) -> Self:
        """Read the value of one C0, basic (table 11-28) or extended (table 11-29). Raises UnexpectedResponse."""
        if len(value) < 4:
            raise _wrong("identifier, version and a component")
        if value[2] == EXTENDED:
            return cls._parse_extended(value)
        if len(value) % 2:
            raise _wrong("pairs of type and length")
        pairs = zip(value[2::2], value[3::2], strict=True)
        return cls(value[0], value[1], tuple(KeyComponent(kind, length) for kind, length in pairs))

    @classmethod
    def _parse_extended(cls, value: bytes) -> Self:
        components, rest = [], value[2:]
        while rest[:1] == b"\xff":
            if len(rest) < 4:
                raise _wrong("an extended component of 4 bytes")
            components.append(KeyComponent(int.from_bytes(rest[:2], "big"), int.from_bytes(rest[2:4], "big")))
            rest = rest[4:]
        usage, rest = _counted(rest)
        access, rest = _counted(rest)
        if rest:
            raise _wrong("nothing after key access")
        return cls(value[0], value[1], tuple(components), usage, access)


def parse_key_information(data: bytes) -> list[KeyInformation]:
    """Read ``E0 { C0 .. }``; a YubiKey sends the C0 without the E0. Raises MalformedTlv, UnexpectedResponse."""
    elements = parse_all(data)
    if len(elements) == 1 and elements[0].tag == TEMPLATE:
        elements = parse_all(elements[0].value)
    if any(element.tag != KEY for element in elements):
        raise _wrong("only C0 in E0")
    return [KeyInformation.parse(element.value) for element in elements]


def key_versions(keys: list[KeyInformation]) -> frozenset[int]:
    """The key version numbers of all AES keys."""
    return frozenset(
        key.key_version_number for key in keys if any(component.type & 0xFF == AES for component in key.components)
    )


def _counted(rest: bytes) -> tuple[bytes, bytes]:
    if not rest or len(rest) < 1 + rest[0]:
        raise _wrong("usage and access with their lengths")
    end = 1 + rest[0]
    return rest[1:end], rest[end:]


def _wrong(rule: str) -> UnexpectedResponse:
    return UnexpectedResponse(step="GET DATA key information", rule=rule)
