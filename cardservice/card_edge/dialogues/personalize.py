# SPDX-License-Identifier: Apache-2.0
"""From a blank card to a written, proven and secured one, in three round trips on a card with pseudo-random challenges.

1. look at the chip: which it is, which keys it holds;
2. transport keys -> per-card keys, applications, every key pair made on the card;
3. objects, certificates, cover proofs, PUK and PIN written, read back, signed with live, SECURED.

The same dialogue resumes a card that was torn anywhere: it reads the card first and does only what is missing. Between 2 and 3 the caller's
``certify`` turns public keys into certificates and cover proofs; on resume ``known`` carries those of the same key generation.
"""

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.build import lay_groundwork
from cardservice.card_edge.dialogues.channel_opening import ChannelOpener, Entropy
from cardservice.card_edge.dialogues.chip import probe
from cardservice.card_edge.dialogues.ground import Groundwork
from cardservice.card_edge.dialogues.inventory import Inventory, take_inventory
from cardservice.card_edge.dialogues.personalization_plan import (
    Bind,
    CardPublicKeys,
    Certify,
    Credentials,
    Personalized,
    Plan,
)
from cardservice.card_edge.dialogues.write import write_and_prove
from cardservice.keys import CardKeys


def personalize(
    plan: Plan,
    keys: CardKeys,
    entropy: Entropy,
    *,
    bind: Bind,
    certify: Certify,
    known: tuple[CardPublicKeys, Credentials] | None = None,
) -> Dialogue[Personalized]:
    """Personalize a blank card, or finish one that was torn.

    ``bind`` is called with the chip's facts before the first write, raises where this card may not be written for this order, and says which key
    version numbers are this card's: the same ones whenever it is resumed, whatever was rotated meanwhile;
    ``certify`` is called once the card's public keys are known, and not at all if ``known`` gives the credentials of keys already on the card.
    """
    seen = yield from probe(entropy)
    key_versions = bind(seen.chip)
    opener = ChannelOpener(keys, entropy, seen.initialize_update.parameter)
    ground = Groundwork(seen, opener, key_versions)
    batch = Batch()
    inventory = Inventory.blank() if seen.chip.blank else (yield from take_inventory(ground, batch, plan))
    laid = yield from lay_groundwork(ground, batch, plan, inventory, public_keys=known[0] if known else None)
    credentials = known[1] if known else certify(seen.chip, laid.public_keys)
    objects_sha256 = yield from write_and_prove(ground, batch, plan, laid, credentials, card_state=inventory.card_state)
    return Personalized(seen.chip, laid.public_keys, credentials, objects_sha256)
