# SPDX-License-Identifier: Apache-2.0
"""The first round trip with any card: what chip it is, which key sets it holds, and one half of a secure channel."""

from dataclasses import dataclass

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.channel_opening import CHALLENGE_LENGTH, Entropy
from cardservice.card_edge.dialogues.personalization_plan import ChipFacts, issuer_versions
from cardservice.card_edge.globalplatform.cplc import parse_cplc
from cardservice.card_edge.globalplatform.get_data import CARD_PRODUCTION_LIFE_CYCLE, KEY_INFORMATION, get_data
from cardservice.card_edge.globalplatform.key_information import key_versions, parse_key_information
from cardservice.card_edge.globalplatform.select import parse_select, select
from cardservice.card_edge.scp03.initialize_update import (
    InitializeUpdateResponse,
    initialize_update,
    parse_initialize_update,
)

ANY_KEY_VERSION = 0x00  # the card picks; ours picks the set that was added last


@dataclass(frozen=True, slots=True)
class Probe:
    """The chip's facts and its answer to INITIALIZE UPDATE, which EXTERNAL AUTHENTICATE may follow."""

    chip: ChipFacts
    issuer_domain: bytes  # the AID that SELECT without one led to
    host_challenge: bytes
    answer: bytes
    initialize_update: InitializeUpdateResponse


def probe(entropy: Entropy) -> Dialogue[Probe]:
    """One yield: SELECT ISD by default (its AID is read, not presumed), CPLC, key information, INITIALIZE UPDATE with whatever key set the card prefers."""
    batch = Batch()
    host_challenge = entropy(CHALLENGE_LENGTH)
    domain = batch.add("SELECT ISD", select())
    cplc = batch.add("GET DATA CPLC", get_data(CARD_PRODUCTION_LIFE_CYCLE))
    keys = batch.add("GET DATA key information", get_data(KEY_INFORMATION))
    answer = batch.add("INITIALIZE UPDATE", initialize_update(ANY_KEY_VERSION, host_challenge))
    yield from batch.flush("look at the chip")
    versions = key_versions(parse_key_information(keys.data))
    response = parse_initialize_update(answer.data)
    ours = issuer_versions(versions)
    if ours and response.key_version_number not in ours:
        # A card torn between PUT KEY and DELETE KEY that prefers the old set: ask for ours by name.
        answer = batch.add("INITIALIZE UPDATE", initialize_update(ours[-1], host_challenge))
        yield from batch.flush("ask for the issuer's keys")
        response = parse_initialize_update(answer.data)
    chip = ChipFacts(parse_cplc(cplc.data).chip_serial, response.kdd, response.parameter.pseudo_random, versions)
    return Probe(chip, parse_select(domain.data).aid, host_challenge, answer.data, response)
