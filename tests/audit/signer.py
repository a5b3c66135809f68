# SPDX-License-Identifier: Apache-2.0
"""The audit key of the key process, in this process, with a clock that stands still; and the check of what it signed."""

import os
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from cardservice.clock import monotonic
from cardservice.keys import Purpose, VerifyingKey
from hsm.in_process import InProcessKeys

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


class SoftwareSigner:
    """A Signer with the real guard of audit roots in front of it."""

    def __init__(self) -> None:
        keys = InProcessKeys.with_new_keys(clock=lambda: NOW, monotonic=monotonic, randomness=os.urandom)
        self._signer = keys.signer(Purpose.AUDIT)
        self.key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.verifying_key.point)

    @property
    def verifying_key(self) -> VerifyingKey:
        return self._signer.verifying_key

    def sign(self, document: bytes) -> bytes:
        return self._signer.sign(document)

    def verify(self, signature: bytes, document: bytes) -> None:
        der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        try:
            self.key.verify(der, document, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as invalid:
            raise AssertionError("the signature does not fit") from invalid
