# SPDX-License-Identifier: Apache-2.0
"""The third round trip: everything written, read back under R-MAC, signed with live, and the card SECURED."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cardservice.card_edge.batch import Batch, Pending
from cardservice.card_edge.chaining import chained
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.channel_opening import Entropy
from cardservice.card_edge.dialogues.ground import Groundwork
from cardservice.card_edge.dialogues.personalization_plan import CardPublicKeys, Credentials, Plan
from cardservice.card_edge.errors import CardUnusable, UnexpectedResponse
from cardservice.card_edge.globalplatform.life_cycle import CardLifeCycle
from cardservice.card_edge.globalplatform.set_status import set_card_status
from cardservice.card_edge.p256 import public_key
from cardservice.card_edge.piv.certificate import certificate_object
from cardservice.card_edge.piv.change import set_pin, set_puk
from cardservice.card_edge.piv.general_authenticate import agree, check_signature, parse_shared_secret, sign
from cardservice.card_edge.piv.get_data import get_data, parse_get_data
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.piv.object import CERTIFICATE_OF
from cardservice.card_edge.piv.put_data import put_data
from cardservice.card_edge.piv.select import PIV_AID, select_piv
from cardservice.card_edge.piv.verify import verify
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.cover_proof import put_cover_proof
from cardservice.card_edge.sector.select import parse_sector_select, select_sector
from cardservice.card_edge.sector.tap import internal_authenticate, verify_tap

TAP_CHALLENGE_ID_LENGTH = 4
DIGEST_LENGTH = 32
SIGNING_SLOTS = (KeyReference.CARD_AUTHENTICATION, KeyReference.AUTHENTICATION, KeyReference.SIGNATURE)


def write_and_prove(
    ground: Groundwork,
    batch: Batch,
    plan: Plan,
    public_keys: CardPublicKeys,
    credentials: Credentials,
    *,
    card_state: CardLifeCycle,
) -> Dialogue[str]:
    """Write, read back and prove; returns SHA-256 (hex) over all objects read back, in tag order.

    Raises UnexpectedResponse where the card does not hold what was written or does not sign with the keys that were certified.
    """
    _check_certificates(public_keys, credentials)
    objects = {
        **plan.piv_objects,
        **{CERTIFICATE_OF[slot].tag: certificate_object(der) for slot, der in credentials.certificates.items()},
    }
    channel = yield from _enter_piv(ground, batch)
    _write_piv(batch, channel, plan, objects)
    read = {tag: batch.add(f"read back {tag:X}", get_data(tag), channel=channel) for tag in sorted(objects)}
    proof = _PivProof.ask(batch, channel, plan.pin, ground.opener.entropy)
    taps = {}
    for sector in plan.sectors:
        taps[sector] = yield from _write_sector(ground, batch, sector, credentials.cover_proofs[sector])
    if card_state is not CardLifeCycle.SECURED:
        channel = yield from ground.select_isd(batch)
        batch.add("SET STATUS SECURED", set_card_status(CardLifeCycle.SECURED), channel=channel)
    yield from batch.flush("write, read back, prove, secure")
    proof.check(public_keys)
    for sector, tap in taps.items():
        tap.check(sector, public_keys.sectors[sector], credentials.cover_proofs[sector])
    return _compare(objects, read)


def _check_certificates(public_keys: CardPublicKeys, credentials: Credentials) -> None:
    for slot, der in credentials.certificates.items():
        key = x509.load_der_x509_certificate(der).public_key()
        if key != public_key(public_keys.piv[slot]):
            raise CardUnusable(rule=f"the certificate for {slot:02X} names another key than the card made")


def _enter_piv(ground: Groundwork, batch: Batch) -> Dialogue[SecureChannel]:
    batch.add("SELECT PIV", select_piv())
    return (yield from ground.opener.open(batch, ground.issuer_keys, PIV_AID, "PIV"))


def _write_piv(batch: Batch, channel: SecureChannel, plan: Plan, objects: Mapping[int, bytes]) -> None:
    for tag, content in objects.items():
        for frame in chained(put_data(tag, content), channel.max_data):
            batch.add(f"PUT DATA {tag:X}", frame, channel=channel)
    batch.add("set PUK", set_puk(plan.puk), channel=channel)
    batch.add("set PIN", set_pin(plan.pin), channel=channel)
    # The printed information is read back behind the PIN, which is thereby proven too.
    batch.add("VERIFY PIN", verify(plan.pin), channel=channel)


@dataclass(frozen=True, slots=True)
class _PivProof:
    """Live use of every PIV key: three signatures and one key agreement over fresh values."""

    digests: Mapping[KeyReference, bytes]
    signatures: Mapping[KeyReference, Pending]
    ephemeral: ec.EllipticCurvePrivateKey
    agreement: Pending

    @classmethod
    def ask(cls, batch: Batch, channel: SecureChannel, pin: bytes, entropy: Entropy) -> "_PivProof":
        digests = {slot: entropy(DIGEST_LENGTH) for slot in SIGNING_SLOTS}
        # 31 bytes stay below the group order whatever they are; the key lives for this one comparison.
        ephemeral = ec.derive_private_key(int.from_bytes(b"\x01" + entropy(30), "big"), ec.SECP256R1())
        numbers = ephemeral.public_key().public_numbers()
        peer = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        agreement = batch.add("key agreement 9D", agree(KeyReference.KEY_MANAGEMENT, peer), channel=channel)
        signatures = {}
        for slot in SIGNING_SLOTS:
            if slot is KeyReference.SIGNATURE:
                batch.add("VERIFY PIN", verify(pin), channel=channel)  # 9C: before every use
            signatures[slot] = batch.add(f"sign with {slot:02X}", sign(slot, digests[slot]), channel=channel)
        return cls(digests, signatures, ephemeral, agreement)

    def check(self, public_keys: CardPublicKeys) -> None:
        for slot, answer in self.signatures.items():
            check_signature(public_keys.piv[slot], self.digests[slot], answer.data)
        expected = self.ephemeral.exchange(ec.ECDH(), public_key(public_keys.piv[KeyReference.KEY_MANAGEMENT]))
        if not compare_digest(expected, parse_shared_secret(self.agreement.data)):
            raise UnexpectedResponse(step="key agreement 9D", rule="the secret that the certified key gives")


@dataclass(frozen=True, slots=True)
class _SectorProof:
    """What the first verifier would see: the cover proof in the SELECT answer and a live tap."""

    challenge_id: bytes
    digest: bytes
    selected: Pending
    tap: Pending

    def check(self, sector: int, point: bytes, cover_proof: bytes) -> None:
        aid = sector_aid(sector)
        if parse_sector_select(self.selected.data, aid) != cover_proof:
            raise UnexpectedResponse(step=f"SELECT sector {sector:02X}", rule="the cover proof that was written")
        verify_tap(point, aid, self.challenge_id, self.digest, self.tap.data)


def _write_sector(ground: Groundwork, batch: Batch, sector: int, cover_proof: bytes) -> Dialogue[_SectorProof]:
    aid, what = sector_aid(sector), f"sector {sector:02X}"
    batch.add(f"SELECT {what}", select_sector(aid))
    channel = yield from ground.opener.open(batch, ground.sector_keys(sector), aid, what)
    batch.add(f"PUT DATA cover proof {what}", put_cover_proof(cover_proof), channel=channel)
    challenge_id, digest = ground.opener.entropy(TAP_CHALLENGE_ID_LENGTH), ground.opener.entropy(DIGEST_LENGTH)
    selected = batch.add(f"SELECT {what}", select_sector(aid))
    tap = batch.add(f"tap {what}", internal_authenticate(challenge_id, digest))
    return _SectorProof(challenge_id, digest, selected, tap)


def _compare(objects: Mapping[int, bytes], read: Mapping[int, Pending]) -> str:
    digest = sha256()
    for tag in sorted(objects):
        content = parse_get_data(tag, read[tag].data)
        if content != objects[tag]:
            raise UnexpectedResponse(step=f"read back {tag:X}", rule="what was written")
        digest.update(tag.to_bytes(3, "big") + len(content).to_bytes(4, "big") + content)
    return digest.hexdigest()
