# SPDX-License-Identifier: Apache-2.0
"""Shamir's secret sharing, octet by octet over GF(2^8) with AES's polynomial (draft-mcgrew-tss-03, without its header and hash).

Fewer shares than the threshold say nothing at all about the secret: for each secret there is exactly one polynomial through them. What is
computed does not depend on the octets: no tables, no branches on them. Python's integers give no more than that; shares are combined
in a process that ends right afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hsm.errors import ShareRefused
from hsm.keys.randomness import Randomness

MAX_SHARES = 255  # numbers 1 to 255 are the field's elements but 0, where the secret is
_POLYNOMIAL = 0x11B


@dataclass(frozen=True, slots=True)
class Share:
    """One share: the point that it was taken at, and one octet for each of the secret."""

    number: int
    octets: bytes = field(repr=False)


def split(secret: bytes | bytearray, threshold: int, count: int, randomness: Randomness) -> list[Share]:
    """``count`` shares, any ``threshold`` of which give the secret back. Raises ShareRefused."""
    if not 2 <= threshold <= count <= MAX_SHARES or not secret:
        raise ShareRefused(rule=f"2 <= threshold <= count <= {MAX_SHARES}, and a secret")
    # Uniform coefficients, the highest too: one that could not be zero would tell something about the secret.
    polynomials = [bytes([octet]) + randomness(threshold - 1) for octet in secret]
    return [
        Share(number, bytes(_value(polynomial, number) for polynomial in polynomials)) for number in range(1, count + 1)
    ]


def combine(shares: Sequence[Share]) -> bytearray:
    """What the shares give: the secret, if they are enough and belong together; else noise. Raises ShareRefused for what can't be combined."""
    numbers = [share.number for share in shares]
    if not shares or len(set(numbers)) != len(numbers) or not all(0 < number <= MAX_SHARES for number in numbers):
        raise ShareRefused(rule="shares of different numbers from 1 to 255")
    if len({len(share.octets) for share in shares}) != 1:
        raise ShareRefused(rule="shares of one length")
    secret = bytearray(len(shares[0].octets))
    for share in shares:
        weight = _weight_at_zero(share.number, numbers)
        for place, octet in enumerate(share.octets):
            secret[place] ^= multiply(octet, weight)
    return secret


def multiply(a: int, b: int) -> int:
    """The product in GF(2^8): eight rounds, whatever the factors."""
    product = 0
    for place in range(8):
        product ^= a * (b >> place & 1)
        a = (a << 1) ^ (_POLYNOMIAL * (a >> 7))
    return product


def inverse(a: int) -> int:
    """a^254: the inverse, and 0 of 0."""
    result = 1
    for _ in range(7):
        a = multiply(a, a)
        result = multiply(result, a)
    return result


def _value(polynomial: bytes, at: int) -> int:
    """Horner's rule, the secret being the constant term."""
    value = 0
    for coefficient in reversed(polynomial):
        value = multiply(value, at) ^ coefficient
    return value


def _weight_at_zero(number: int, numbers: Sequence[int]) -> int:
    """Lagrange's basis polynomial of one share at zero; minus is plus here."""
    weight = 1
    for other in numbers:
        if other != number:
            weight = multiply(weight, multiply(other, inverse(other ^ number)))
    return weight
