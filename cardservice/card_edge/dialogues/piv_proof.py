# SPDX-License-Identifier: Apache-2.0
"""Proof that a card holds the private keys that were certified: live use of every PIV key."""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest

from cryptography.hazmat.primitives.asymmetric import ec

from cardservice.card_edge.batch import Batch, Pending
from cardservice.card_edge.dialogues.channel_opening import Entropy
from cardservice.card_edge.dialogues.personalization_plan import CardPublicKeys
from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.p256 import public_key
from cardservice.card_edge.piv.general_authenticate import agree, check_signature, parse_shared_secret, sign
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.piv.verify import verify
from cardservice.card_edge.scp03.secure_channel import SecureChannel

DIGEST_LENGTH = 32
SIGNING_SLOTS = (KeyReference.SIGNATURE, KeyReference.AUTHENTICATION, KeyReference.CARD_AUTHENTICATION)


@dataclass(frozen=True, slots=True)
class PivProof:
    """Three signatures and one key agreement over fresh values, behind one VERIFY that serves what is read after it too."""

    digests: Mapping[KeyReference, bytes]
    signatures: Mapping[KeyReference, Pending]
    ephemeral: ec.EllipticCurvePrivateKey
    agreement: Pending

    @classmethod
    def ask(cls, batch: Batch, channel: SecureChannel, pin: bytes, entropy: Entropy) -> "PivProof":
        """VERIFY, sign with 9C at once (its PIN must be fresh), then with the others, and agree with 9D."""
        digests = {slot: entropy(DIGEST_LENGTH) for slot in SIGNING_SLOTS}
        # 31 bytes stay below the group order whatever they are; the key lives for this one comparison.
        ephemeral = ec.derive_private_key(int.from_bytes(b"\x01" + entropy(30), "big"), ec.SECP256R1())
        numbers = ephemeral.public_key().public_numbers()
        peer = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        batch.add("VERIFY PIN", verify(pin), channel=channel)
        signatures = {
            slot: batch.add(f"sign with {slot:02X}", sign(slot, digests[slot]), channel=channel)
            for slot in SIGNING_SLOTS
        }
        agreement = batch.add("key agreement 9D", agree(KeyReference.KEY_MANAGEMENT, peer), channel=channel)
        return cls(digests, signatures, ephemeral, agreement)

    def check(self, public_keys: CardPublicKeys) -> None:
        """Raises UnexpectedResponse where a key is not the one that was certified."""
        for slot, answer in self.signatures.items():
            check_signature(public_keys.piv[slot], self.digests[slot], answer.data)
        expected = self.ephemeral.exchange(ec.ECDH(), public_key(public_keys.piv[KeyReference.KEY_MANAGEMENT]))
        if not compare_digest(expected, parse_shared_secret(self.agreement.data)):
            raise UnexpectedResponse(step="key agreement 9D", rule="the secret that the certified key gives")
