# SPDX-License-Identifier: Apache-2.0
"""What a card that was torn already holds: the card is asked before the database."""

from dataclasses import dataclass

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.channel_opening import SECRET
from cardservice.card_edge.dialogues.ground import Groundwork
from cardservice.card_edge.dialogues.personalization_plan import TRANSPORT_KEY_VERSION, Plan
from cardservice.card_edge.globalplatform.get_data import KEY_INFORMATION, get_data
from cardservice.card_edge.globalplatform.get_status import StatusScope, get_status, parse_status
from cardservice.card_edge.globalplatform.life_cycle import CardLifeCycle
from cardservice.card_edge.scp03.initialize_update import initialize_update, parse_initialize_update
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.select import select_sector
from cardservice.card_edge.status_word import StatusWord

LISTED = frozenset({StatusWord.SUCCESS, StatusWord.MORE_DATA, StatusWord.REFERENCED_DATA_NOT_FOUND})
FOUND_OR_NOT = frozenset({StatusWord.SUCCESS, StatusWord.REFERENCED_DATA_NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Inventory:
    """The parts of a personalization that are already on the card."""

    transport_keys: bool
    issuer_keys: bool
    card_state: CardLifeCycle
    instances: frozenset[bytes]
    keyed_sectors: frozenset[int]

    @classmethod
    def blank(cls) -> "Inventory":
        """A card as the supplier delivers it."""
        return cls(True, False, CardLifeCycle.OP_READY, frozenset(), frozenset())


def take_inventory(ground: Groundwork, batch: Batch, plan: Plan) -> Dialogue[Inventory]:
    """Two yields: what the registry lists, then what each sector that exists holds (and its sequence counter, to predict the next)."""
    channel = ground.enter(batch, SECRET)  # the registry is told to nobody else
    domain = batch.add("GET STATUS ISD", get_status(StatusScope.ISSUER_SECURITY_DOMAIN), channel=channel)
    listed = batch.add("GET STATUS applications", get_status(StatusScope.APPLICATIONS), channel=channel, accept=LISTED)
    yield from batch.flush("see what is on the card")
    (isd,) = parse_status(domain.data)
    found = listed.data
    while listed.sw == StatusWord.MORE_DATA:
        again = get_status(StatusScope.APPLICATIONS, following=True)
        listed = batch.add("GET STATUS applications, next", again, channel=channel, accept=LISTED)
        yield from batch.flush("see what else is on the card")
        found += listed.data
    instances = frozenset(entry.aid for entry in parse_status(found))
    keyed = yield from _keyed_sectors(
        ground, batch, [sector for sector in plan.sectors if sector_aid(sector) in instances]
    )
    return Inventory(
        transport_keys=TRANSPORT_KEY_VERSION in ground.seen.chip.key_versions,
        issuer_keys=True,
        card_state=CardLifeCycle(isd.life_cycle),
        instances=instances,
        keyed_sectors=keyed,
    )


def _keyed_sectors(ground: Groundwork, batch: Batch, sectors: list[int]) -> Dialogue[frozenset[int]]:
    answers = []
    for sector in sectors:
        batch.add(f"SELECT sector {sector:02X}", select_sector(sector_aid(sector)))
        answers.append(batch.add("GET DATA key information", get_data(KEY_INFORMATION), accept=FOUND_OR_NOT))
    yield from batch.flush("see which sectors have keys")
    keyed = frozenset(
        sector for sector, answer in zip(sectors, answers, strict=True) if answer.sw == StatusWord.SUCCESS
    )
    if ground.opener.parameter.pseudo_random:
        yield from _learn_counters(ground, batch, keyed)
    return keyed


def _learn_counters(ground: Groundwork, batch: Batch, keyed: frozenset[int]) -> Dialogue[None]:
    asked = []
    for sector in sorted(keyed):
        challenge = ground.opener.entropy(8)
        batch.add(f"SELECT sector {sector:02X}", select_sector(sector_aid(sector)))
        command = initialize_update(ground.key_versions[sector], challenge)
        asked.append((sector, batch.add("INITIALIZE UPDATE", command)))
    yield from batch.flush("learn the sectors' sequence counters")
    for sector, answer in asked:
        counter = parse_initialize_update(answer.data).sequence_counter
        if counter is not None:
            ground.opener.counters[ground.sector_keys(sector)] = counter
