# SPDX-License-Identifier: Apache-2.0
"""The tap: one script of two commands that proves a card is here now (docs/card-edge.md, "Tap, offline: two APDUs")."""

from dataclasses import dataclass

from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.errors import UnexpectedStatusWord
from cardservice.card_edge.script import Script, Step, stopped_at
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.select import parse_sector_select, select_sector
from cardservice.card_edge.sector.tap import internal_authenticate
from cardservice.card_edge.status_word import meaning


@dataclass(frozen=True, slots=True)
class Presence:
    """What a card gave in answer to a challenge. Nothing here is checked yet: that is for the verifier, on the server or offline."""

    sector: int
    cover_proof: bytes
    signature: bytes  # raw r|s, 64 bytes


def prove_presence(sector: int, challenge_id: bytes, digest: bytes) -> Dialogue[Presence]:
    """Ask the card's sector for its cover proof and a signature over the challenge: one yield, two APDUs.

    ``challenge_id`` is 4 bytes, ``digest`` the 32 bytes H that bind verifier, terminal, purpose, nonce and time.
    """
    script = Script(
        "prove presence",
        (
            Step("SELECT sector", select_sector(sector_aid(sector))),
            Step("INTERNAL AUTHENTICATE", internal_authenticate(challenge_id, digest)),
        ),
    )
    responses = yield script
    stopped = stopped_at(script, responses)
    if stopped is not None:
        sw = responses[-1].sw if responses else 0
        raise UnexpectedStatusWord(script=script.title, step=stopped.name, sw=f"{sw:04X}", meaning=meaning(sw))
    selected, authenticated = responses
    return Presence(sector, parse_sector_select(selected.data), authenticated.data)
