# SPDX-License-Identifier: Apache-2.0
"""The fingerprint of ROCA (CVE-2017-15361): RSA moduli whose primes a broken card library built as powers of 65537.

Such a modulus is, modulo every small prime, itself a power of 65537; a sound one passes all of these tests once in 2^27 or less.
"""

_PRIMES = tuple(p for p in range(3, 168) if all(p % q for q in range(2, p)))
_POWERS = {p: frozenset(pow(65537, exponent, p) for exponent in range(p)) for p in _PRIMES}


def is_roca(modulus: int) -> bool:
    """Whether the modulus bears the fingerprint."""
    return all(modulus % prime in powers for prime, powers in _POWERS.items())
