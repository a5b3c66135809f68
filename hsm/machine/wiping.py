# SPDX-License-Identifier: Apache-2.0
"""Secrets that came as bytearrays leave as zeros. Copies made by libraries on the way are beyond reach.

Core dumps are off (process_hardening.py); swap is the machine's: the unit for systemd forbids it (docs/operations/kartu-hsm.service).
"""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def wiped(secret: bytearray) -> Iterator[bytearray]:
    """The secret for as long as it is needed, then zeros, whatever happened."""
    try:
        yield secret
    finally:
        secret[:] = bytes(len(secret))
