# SPDX-License-Identifier: Apache-2.0
"""A bureau without records: real keys in memory, a CA of the test."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cardservice.card_edge.dialogue import Card, run
from cardservice.card_edge.dialogues.personalization_plan import (
    Bind,
    CardPublicKeys,
    Certify,
    ChipFacts,
    Credentials,
    Personalized,
    Plan,
)
from cardservice.card_edge.dialogues.personalize import personalize
from cardservice.card_edge.script import Script
from cardservice.keys import ISSUER_SECTOR, CardKeys, KeyVersions

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bureau of the tests")])


@dataclass
class Bureau:
    keys: CardKeys
    ca: ec.EllipticCurvePrivateKey
    entropy: Callable[[int], bytes]
    plan: Plan
    scripts: list[Script] = field(default_factory=list)
    bound: list[ChipFacts] = field(default_factory=list)
    bind: Bind = field(init=False)
    answer: Certify = field(init=False)
    certified: list[tuple[CardPublicKeys, Credentials]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bind = self._bind
        self.answer = self._certify

    def _bind(self, chip: ChipFacts) -> KeyVersions:
        self.bound.append(chip)
        return self.keys.current_versions((ISSUER_SECTOR, *self.plan.sectors))

    def _certify(self, _: ChipFacts, public_keys: CardPublicKeys) -> Credentials:
        certificates = {
            slot: x509.CertificateBuilder()
            .subject_name(NAME)
            .issuer_name(NAME)
            .public_key(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW)
            .not_valid_after(NOW + timedelta(days=1826))
            .sign(self.ca, SHA256())
            .public_bytes(Encoding.DER)
            for slot, point in public_keys.piv.items()
        }
        credentials = Credentials(certificates, {sector: self.entropy(231) for sector in public_keys.sectors})
        self.certified.append((public_keys, credentials))
        return credentials

    def personalize(self, card: Card, known: tuple[CardPublicKeys, Credentials] | None = None) -> Personalized:
        dialogue = personalize(self.plan, self.keys, self.entropy, bind=self.bind, certify=self.answer, known=known)
        return run(dialogue, card, on_script=self.scripts.append)
