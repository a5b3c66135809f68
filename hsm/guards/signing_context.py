# SPDX-License-Identifier: Apache-2.0
"""What a guard knows beside the document: the key that would sign, the time, our CA and our own keys."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from hsm.errors import DocumentRefused
from hsm.keys.key_store import KeyDescription


@dataclass(frozen=True, slots=True)
class SigningContext:
    """The moment at which one document is to be signed by one key.

    ``own_points`` are the public keys of all our signing keys, ``issuer`` the scheme's own iss; empty where nobody named it.
    """

    key: KeyDescription
    now: datetime
    ca_certificate: x509.Certificate
    own_points: frozenset[bytes]
    issuer: str = ""

    def require(self, *, holds: bool, rule: str) -> None:
        """Refuse the document unless the rule holds. Rules never quote the document."""
        if not holds:
            raise self.refusal(rule)

    def refusal(self, rule: str) -> DocumentRefused:
        """The error that names the broken rule."""
        return DocumentRefused(purpose=str(self.key.purpose), rule=rule)


Guard = Callable[[bytes, SigningContext], None]
