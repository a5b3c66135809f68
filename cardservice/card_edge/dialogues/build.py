# SPDX-License-Identifier: Apache-2.0
"""The second round trip: keys, applications and key pairs, as far as they are missing, in one channel of the issuer security domain."""

from collections.abc import Sequence
from dataclasses import dataclass

from cardservice.card_edge.batch import Batch, Pending
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.channel_opening import PUBLIC
from cardservice.card_edge.dialogues.ground import Groundwork
from cardservice.card_edge.dialogues.inventory import Inventory
from cardservice.card_edge.dialogues.personalization_plan import (
    PIV_SLOTS,
    TRANSPORT_KEY_VERSION,
    CardPublicKeys,
    Plan,
)
from cardservice.card_edge.globalplatform.delete import delete_key_set
from cardservice.card_edge.globalplatform.install import install_and_make_selectable, install_for_personalization
from cardservice.card_edge.globalplatform.life_cycle import CardLifeCycle
from cardservice.card_edge.globalplatform.put_key import check_put_key_answer, put_key
from cardservice.card_edge.globalplatform.set_status import set_card_status
from cardservice.card_edge.globalplatform.store_data import Structure, store_data
from cardservice.card_edge.piv.generate import parse_public_key
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.piv.personalization import KEYS_PER_BLOCK, generate_element, parse_public_keys
from cardservice.card_edge.piv.select import PIV_AID
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.card_edge.sector.aid import LOAD_FILE_AID, PIV_MODULE_AID, SECTOR_MODULE_AID, sector_aid
from cardservice.card_edge.sector.generate import generate_sector_key
from cardservice.card_edge.sector.personalization import parse_sector_answer, sector_elements
from cardservice.keys import ISSUER_SECTOR, KeySet, WrappedKey

KeyBlock = tuple[WrappedKey, WrappedKey, WrappedKey]


@dataclass(frozen=True, slots=True)
class Laid:
    """What the ground holds now, and the channel of the domain, in which STORE DATA to PIV goes on with block ``next_block``."""

    public_keys: CardPublicKeys
    channel: SecureChannel
    next_block: int


@dataclass(frozen=True, slots=True)
class _Sector:
    """A sector that gets its first keys, and its key pair where one is made."""

    number: int
    key_version: int
    wrapped: KeyBlock
    generated: bool
    answer: Pending

    def point(self) -> bytes | None:
        return parse_sector_answer(self.answer.data, self.key_version, self.wrapped, generated=self.generated)


def lay_groundwork(
    ground: Groundwork, batch: Batch, plan: Plan, inventory: Inventory, *, public_keys: CardPublicKeys | None
) -> Dialogue[Laid]:
    """Bring the card to where objects can be written. Key pairs are made unless ``public_keys`` of this generation are given.

    Sectors that a torn card has with keys already make their pairs first; then all is done through the domain, and nothing is selected after
    it, so that the next round trip goes on in its channel.
    """
    make = public_keys is None
    keyed = [sector for sector in plan.sectors if make and sector in inventory.keyed_sectors]
    openings = [*map(ground.sector, keyed), ground.issuer_domain]
    fresh = [sector for sector in plan.sectors if sector not in inventory.keyed_sectors]
    put: Pending | None = None
    made: dict[int, Pending] = {}
    if inventory.issuer_keys:
        ground.opener.foresee(openings)
        for sector in keyed:
            channel = yield from ground.select_sector(batch, sector)
            made[sector] = batch.add(f"GENERATE sector {sector:02X}", generate_sector_key(), channel=channel)
        channel = yield from ground.select_isd(batch)
        blocks = _wrapped(ground, [(sector, ground.issuer_keys) for sector in fresh])
    else:
        ground.opener.counters[ground.issuer_keys] = 0  # Amendment D, 5.1: zero when the set is created
        channel = ground.enter(batch, PUBLIC, then=openings)
        # Asked for only now: the card has proven that it holds the transport keys.
        to_wrap = [(ISSUER_SECTOR, ground.transport_keys), *((sector, ground.issuer_keys) for sector in fresh)]
        blocks = _wrapped(ground, to_wrap)
        put = batch.add("PUT KEY", put_key(ground.key_versions[ISSUER_SECTOR], blocks[ISSUER_SECTOR]), channel=channel)
        channel = yield from ground.opener.open(batch, ground.issuer_domain, "ISD")
    _prepare_domain(batch, channel, plan, inventory)
    answered = [_personalize_sector(ground, batch, channel, sector, blocks[sector], generate=make) for sector in fresh]
    piv = _piv_keys(batch, channel, PIV_SLOTS if make else ())
    yield from batch.flush("keys and applications")
    if put is not None:
        check_put_key_answer(put.data, ground.key_versions[ISSUER_SECTOR], blocks[ISSUER_SECTOR])
    points = {sector: parse_public_key(answer.data) for sector, answer in made.items()}
    points.update({sector.number: point for sector in answered if (point := sector.point()) is not None})
    if public_keys is None:
        public_keys = CardPublicKeys(
            {slot: point for slots, answer in piv for slot, point in parse_public_keys(slots, answer.data).items()},
            {sector: points[sector] for sector in plan.sectors},
        )
    return Laid(public_keys, channel, len(piv))


def _wrapped(ground: Groundwork, wanted: Sequence[tuple[int, KeySet]]) -> dict[int, KeyBlock]:
    """The key sets of these sectors (00 the issuer's), each under the key set beside it, in one trip to the keys."""
    pairs = [(ground.sector_keys(sector), under) for sector, under in wanted]
    wrapped = ground.opener.keys.wrapped_key_set_each(pairs) if pairs else []
    return {new.sector: block for (new, _), block in zip(pairs, wrapped, strict=True)}


def _prepare_domain(batch: Batch, channel: SecureChannel, plan: Plan, inventory: Inventory) -> None:
    if inventory.transport_keys:
        batch.add("DELETE transport keys", delete_key_set(TRANSPORT_KEY_VERSION), channel=channel)
    if inventory.card_state is CardLifeCycle.OP_READY:
        batch.add("SET STATUS INITIALIZED", set_card_status(CardLifeCycle.INITIALIZED), channel=channel)
    wanted = [(PIV_AID, PIV_MODULE_AID), *((sector_aid(sector), SECTOR_MODULE_AID) for sector in plan.sectors)]
    for aid, module in wanted:
        if aid not in inventory.instances:
            batch.add(
                f"INSTALL {aid.hex().upper()}", install_and_make_selectable(LOAD_FILE_AID, module, aid), channel=channel
            )


def _personalize_sector(
    ground: Groundwork, batch: Batch, channel: SecureChannel, sector: int, wrapped: KeyBlock, *, generate: bool
) -> _Sector:
    what, version = f"sector {sector:02X}", ground.key_versions[sector]
    ground.opener.counters[ground.sector_keys(sector)] = 0
    batch.add(f"INSTALL for personalization {what}", install_for_personalization(sector_aid(sector)), channel=channel)
    (command,) = store_data(
        sector_elements(version, wrapped, generate=generate),
        Structure.BER_TLV,
        block_size=channel.max_data,
        response_expected=True,
    )
    return _Sector(sector, version, wrapped, generate, batch.add(f"keys of {what}", command, channel=channel))


def _piv_keys(
    batch: Batch, channel: SecureChannel, slots: Sequence[KeyReference]
) -> list[tuple[Sequence[KeyReference], Pending]]:
    """The keys asked for and made, block by block. PIV is named even where it makes none: its objects follow."""
    batch.add("INSTALL for personalization PIV", install_for_personalization(PIV_AID), channel=channel)
    blocks: list[tuple[Sequence[KeyReference], Pending]] = []
    for start in range(0, len(slots), KEYS_PER_BLOCK):
        together = slots[start : start + KEYS_PER_BLOCK]
        (command,) = store_data(
            b"".join(map(generate_element, together)),
            Structure.BER_TLV,
            response_expected=True,
            first_block=len(blocks),
            more_follow=True,
        )
        name = "GENERATE " + " ".join(f"{slot:02X}" for slot in together)
        blocks.append((together, batch.add(name, command, channel=channel)))
    return blocks
