# SPDX-License-Identifier: Apache-2.0
"""Officers of the tests, and grants as they sign them; wrong on request."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsm.algorithms.es256 import raw_signature
from hsm.limits.grants import Deed, Grant, Statement, digest_of
from hsm.limits.officers import officer_record
from tests.hsm.documents import NOW

REASON = "audit sample 7"


@dataclass(frozen=True)
class Officer:
    name: str
    key: ec.EllipticCurvePrivateKey

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, statement: bytes) -> tuple[str, bytes]:
        return self.name, raw_signature(self.key.sign(statement, ec.ECDSA(SHA256())))


ANI, BUDI, CITRA, STRANGER = (
    Officer(name, ec.derive_private_key(0xA11CE + number, ec.SECP256R1()))
    for number, name in enumerate(["ani", "budi", "citra", "stranger"])
)
ENROLLED = dict(officer_record(officer.name, officer.point) for officer in (ANI, BUDI, CITRA))


def granted(
    things: Sequence[object],
    *officers: Officer,
    deed: Deed = Deed.UNSEAL_MANY,
    reason: str = REASON,
    not_after: int | None = None,
    nonce: bytes = b"one nonce, 16 b.",
) -> Grant:
    end = int(NOW.timestamp()) + 600 if not_after is None else not_after
    statement = Statement(deed, digest_of(things), len(things), reason, end, nonce).encode()
    return Grant(statement, [officer.sign(statement) for officer in officers])
