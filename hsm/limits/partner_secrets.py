# SPDX-License-Identifier: Apache-2.0
"""Client secrets that partners share with the scheme (SNAP, signature 1): sealed values that are compared with, and never opened for anybody."""

import hmac
from typing import Final

from hsm.errors import UnsealRefused

CONTEXTS: Final = "banks.secret_sealed."  # what such a value's context begins with (records/sealing_context.py)
SIGNATURE_LENGTH: Final = 64  # HMAC-SHA512


def demand_openable(context: str) -> None:
    """Raises UnsealRefused for a partner's secret: nobody but the partner needs it, and who has it signs as the partner."""
    if context.startswith(CONTEXTS):
        raise UnsealRefused(rule="a partner's secret is compared with, never opened")


def demand_partner_secret(context: str) -> None:
    """Raises UnsealRefused for any other value: no guess about a NIK can be tried as a secret."""
    if not context.startswith(CONTEXTS):
        raise UnsealRefused(rule="a partner's secret")


def matches(secret: bytes, signed: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is HMAC-SHA512 of ``signed``, in a time that does not tell how much of it is."""
    return hmac.compare_digest(hmac.digest(secret, signed, "sha512"), signature)
