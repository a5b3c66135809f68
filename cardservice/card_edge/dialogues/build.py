# SPDX-License-Identifier: Apache-2.0
"""The second round trip: keys, applications and key pairs, as far as they are missing."""

from collections.abc import Iterator
from dataclasses import dataclass

from cardservice.card_edge.batch import Batch, Pending
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.channel_opening import Opening
from cardservice.card_edge.dialogues.ground import Groundwork
from cardservice.card_edge.dialogues.inventory import Inventory
from cardservice.card_edge.dialogues.personalization_plan import (
    ISSUER_KEY_VERSION,
    PIV_SLOTS,
    TRANSPORT_KEY_VERSION,
    CardPublicKeys,
    Plan,
)
from cardservice.card_edge.globalplatform.delete import delete_key_set
from cardservice.card_edge.globalplatform.install import install_and_make_selectable
from cardservice.card_edge.globalplatform.life_cycle import CardLifeCycle
from cardservice.card_edge.globalplatform.put_key import check_put_key_answer, put_key
from cardservice.card_edge.globalplatform.set_status import set_card_status
from cardservice.card_edge.piv.generate import generate_key_pair, parse_public_key
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.piv.select import PIV_AID
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.card_edge.sector.aid import LOAD_FILE_AID, PIV_MODULE_AID, SECTOR_MODULE_AID, sector_aid
from cardservice.card_edge.sector.generate import generate_sector_key
from cardservice.card_edge.sector.select import select_sector
from cardservice.keys import WrappedKey


@dataclass(frozen=True, slots=True)
class Laid:
    """What the ground holds now, and the channel to PIV where one is still open."""

    public_keys: CardPublicKeys
    piv: SecureChannel | None


@dataclass(frozen=True, slots=True)
class _KeysPut:
    wrapped: tuple[WrappedKey, WrappedKey, WrappedKey]
    answer: Pending

    def check(self) -> None:
        check_put_key_answer(self.answer.data, ISSUER_KEY_VERSION, self.wrapped)


def lay_groundwork(
    ground: Groundwork, batch: Batch, plan: Plan, inventory: Inventory, *, public_keys: CardPublicKeys | None
) -> Dialogue[Laid]:
    """Bring the card to where objects can be written. Key pairs are made unless ``public_keys`` of this generation are given.

    PIV comes last: nothing is selected after it, so that the next round trip goes on in its channel.
    """
    openings = list(_openings(ground, plan, inventory, make=public_keys is None))
    put = yield from _issuer_domain(ground, batch, plan, inventory, openings)
    sectors: dict[int, Pending] = {}
    for sector in plan.sectors:
        keyed = sector in inventory.keyed_sectors
        made = yield from _sector(ground, batch, sector, put, keyed=keyed, make=public_keys is None)
        if made:
            sectors[sector] = made
    piv = (yield from ground.select_piv(batch)) if public_keys is None else None
    made_by_piv = _piv_keys(batch, piv) if piv else {}
    yield from batch.flush("keys and applications")
    for keys_put in put:
        keys_put.check()
    if public_keys is not None:
        return Laid(public_keys, piv)
    made_keys = CardPublicKeys(
        {slot: parse_public_key(answer.data) for slot, answer in made_by_piv.items()},
        {sector: parse_public_key(answer.data) for sector, answer in sectors.items()},
    )
    return Laid(made_keys, piv)


def _openings(ground: Groundwork, plan: Plan, inventory: Inventory, *, make: bool) -> Iterator[Opening]:
    """The channels of this round trip, in order."""
    yield ground.issuer_domain
    for sector in plan.sectors:
        keyed = sector in inventory.keyed_sectors
        if make or not keyed:
            yield (ground.sector_keys(sector) if keyed else ground.issuer_keys), sector_aid(sector)
    if make:
        yield ground.piv


def _issuer_domain(
    ground: Groundwork, batch: Batch, plan: Plan, inventory: Inventory, openings: list[Opening]
) -> Dialogue[list[_KeysPut]]:
    put: list[_KeysPut] = []
    if not inventory.issuer_keys:
        ground.opener.counters[ground.issuer_keys] = 0  # Amendment D, 5.1: zero when the set is created
        channel = ground.enter(batch, then=openings)
        wrapped = ground.opener.keys.wrapped_key_set(ground.issuer_keys, ground.transport_keys)
        put.append(_put_key(batch, channel, wrapped))
        channel = yield from ground.opener.open(batch, *ground.issuer_domain, "ISD")
    else:
        ground.opener.foresee(openings)
        channel = yield from ground.select_isd(batch)
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
    return put


def _piv_keys(batch: Batch, channel: SecureChannel) -> dict[KeyReference, Pending]:
    return {slot: batch.add(f"GENERATE {slot:02X}", generate_key_pair(slot), channel=channel) for slot in PIV_SLOTS}


def _sector(
    ground: Groundwork, batch: Batch, sector: int, put: list[_KeysPut], *, keyed: bool, make: bool
) -> Dialogue[Pending | None]:
    if keyed and not make:
        return None
    aid = sector_aid(sector)
    what = f"sector {sector:02X}"
    batch.add(f"SELECT {what}", select_sector(aid))
    opened_by = ground.sector_keys(sector) if keyed else ground.issuer_keys
    channel = yield from ground.opener.open(batch, opened_by, aid, what)
    if not keyed:
        wrapped = ground.opener.keys.wrapped_key_set(ground.sector_keys(sector), ground.issuer_keys)
        put.append(_put_key(batch, channel, wrapped))
        ground.opener.counters[ground.sector_keys(sector)] = 0
    return batch.add(f"GENERATE {what}", generate_sector_key(), channel=channel) if make else None


def _put_key(batch: Batch, channel: SecureChannel, wrapped: tuple[WrappedKey, WrappedKey, WrappedKey]) -> _KeysPut:
    return _KeysPut(wrapped, batch.add("PUT KEY", put_key(ISSUER_KEY_VERSION, wrapped), channel=channel))
