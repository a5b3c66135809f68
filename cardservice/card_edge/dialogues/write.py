# SPDX-License-Identifier: Apache-2.0
"""The third round trip: everything written, read back under R-MAC, signed with live, and the card SECURED."""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509

from cardservice.card_edge.batch import Batch, Pending
from cardservice.card_edge.chaining import chained
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.build import Laid
from cardservice.card_edge.dialogues.ground import Groundwork
from cardservice.card_edge.dialogues.personalization_plan import CardPublicKeys, Credentials, Plan
from cardservice.card_edge.dialogues.piv_proof import DIGEST_LENGTH, PivProof
from cardservice.card_edge.dialogues.read_back import ReadBack
from cardservice.card_edge.errors import CardUnusable, UnexpectedResponse
from cardservice.card_edge.globalplatform.life_cycle import CardLifeCycle
from cardservice.card_edge.globalplatform.set_status import set_card_status
from cardservice.card_edge.globalplatform.store_data import Structure, store_data
from cardservice.card_edge.p256 import public_key
from cardservice.card_edge.piv.certificate import certificate_object
from cardservice.card_edge.piv.change import set_pin, set_puk
from cardservice.card_edge.piv.object import CERTIFICATE_OF
from cardservice.card_edge.piv.personalization import object_element, told_to_anybody
from cardservice.card_edge.piv.put_data import put_data
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.cover_proof import put_cover_proof
from cardservice.card_edge.sector.select import parse_sector_select, select_sector
from cardservice.card_edge.sector.tap import internal_authenticate, verify_tap

TAP_CHALLENGE_ID_LENGTH = 4


def write_and_prove(
    ground: Groundwork, batch: Batch, plan: Plan, laid: Laid, credentials: Credentials, *, card_state: CardLifeCycle
) -> Dialogue[str]:
    """Write, read back and prove; returns SHA-256 (hex) over all objects read back, in tag order.

    Raises UnexpectedResponse where the card does not hold what was written or does not sign with the keys that were certified.
    """
    public_keys = laid.public_keys
    _check_certificates(public_keys, credentials)
    objects = {
        **plan.piv_objects,
        **{CERTIFICATE_OF[slot].tag: certificate_object(der) for slot, der in credentials.certificates.items()},
    }
    secured = card_state is CardLifeCycle.SECURED
    ground.opener.foresee([ground.piv, *map(ground.sector, plan.sectors), *([] if secured else [ground.issuer_domain])])
    _store_objects(batch, laid, {tag: content for tag, content in objects.items() if told_to_anybody(tag)})
    channel = yield from ground.select_piv(batch)
    _write_secrets(batch, channel, plan, {tag: content for tag, content in objects.items() if not told_to_anybody(tag)})
    proof = PivProof.ask(batch, channel, plan.pin, ground.opener.entropy)
    read_back = ReadBack.ask(batch, channel, objects)
    taps = {}
    for sector in plan.sectors:
        taps[sector] = yield from _write_sector(ground, batch, sector, credentials.cover_proofs[sector])
    if not secured:
        channel = yield from ground.select_isd(batch)
        batch.add("SET STATUS SECURED", set_card_status(CardLifeCycle.SECURED), channel=channel)
    yield from batch.flush("write, read back, prove, secure")
    proof.check(public_keys)
    for sector, tap in taps.items():
        tap.check(sector, public_keys.sectors[sector], credentials.cover_proofs[sector])
    return (yield from read_back.compare(ground, batch, plan.pin))


def _check_certificates(public_keys: CardPublicKeys, credentials: Credentials) -> None:
    for slot, der in credentials.certificates.items():
        key = x509.load_der_x509_certificate(der).public_key()
        if key != public_key(public_keys.piv[slot]):
            raise CardUnusable(rule=f"the certificate for {slot:02X} names another key than the card made")


def _store_objects(batch: Batch, laid: Laid, objects: Mapping[int, bytes]) -> None:
    """What anybody may read goes through the domain, whose channel is open, as one run of objects."""
    content = b"".join(object_element(tag, content) for tag, content in objects.items())
    for command in store_data(
        content, Structure.BER_TLV, block_size=laid.channel.max_data, first_block=laid.next_block
    ):
        batch.add(f"STORE DATA PIV {command.p2:02X}", command, channel=laid.channel)


def _write_secrets(batch: Batch, channel: SecureChannel, plan: Plan, objects: Mapping[int, bytes]) -> None:
    for tag, content in objects.items():
        for frame in chained(put_data(tag, content), channel.max_data):
            batch.add(f"PUT DATA {tag:X}", frame, channel=channel)
    batch.add("set PUK", set_puk(plan.puk), channel=channel)
    batch.add("set PIN", set_pin(plan.pin), channel=channel)


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
    channel = yield from ground.select_sector(batch, sector)
    batch.add(f"PUT DATA cover proof {what}", put_cover_proof(cover_proof), channel=channel)
    challenge_id, digest = ground.opener.entropy(TAP_CHALLENGE_ID_LENGTH), ground.opener.entropy(DIGEST_LENGTH)
    selected = batch.add(f"SELECT {what}", select_sector(aid))
    tap = batch.add(f"tap {what}", internal_authenticate(challenge_id, digest))
    return _SectorProof(challenge_id, digest, selected, tap)
