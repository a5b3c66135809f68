# SPDX-License-Identifier: Apache-2.0
"""DER (ITU-T X.690, 8 and 10) as far as a certificate is put together from it: definite lengths in their shortest form."""

SEQUENCE, SET = 0x30, 0x31
INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER, UTF8_STRING = 0x02, 0x03, 0x04, 0x06, 0x0C
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
TRUE = b"\x01\x01\xff"


def der(tag: int, *parts: bytes) -> bytes:
    """One element with a tag of one byte; the parts joined are its content."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(number: int) -> bytes:
    """A number that is not negative: as many octets as it needs, the first bit clear."""
    return der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))


def object_identifier(dotted: str) -> bytes:
    """An OID: the first two arcs in one number, each number in base 128, every octet but its last with the high bit."""
    first, second, *others = map(int, dotted.split("."))
    content = bytearray()
    for number in (40 * first + second, *others):
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(0x80 | number & 0x7F)
        content += bytes(reversed(septets))
    return der(OBJECT_IDENTIFIER, bytes(content))
