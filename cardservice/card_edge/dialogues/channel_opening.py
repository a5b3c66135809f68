# SPDX-License-Identifier: Apache-2.0
"""Opening SCP03 secure channels inside a dialogue, predicted where the card's challenge is pseudo-random (Amendment D, 4.1.5.1).

A predicted INITIALIZE UPDATE carries the one response that the right card gives; the driver stops at any other, so EXTERNAL AUTHENTICATE and
what follows never reach a card that does not hold the keys. On a card with random challenges each channel costs one more round trip.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.scp03.initialize_update import initialize_update, parse_initialize_update, predicted_response
from cardservice.card_edge.scp03.parameters import ScpParameter, SecurityLevel
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.card_edge.sector.kdd import sector_kdd
from cardservice.keys import ISSUER_SECTOR, CardKeys, KeySet, SessionRequest

CHALLENGE_LENGTH = 8

Entropy = Callable[[int], bytes]


@dataclass(slots=True)
class ChannelOpener:
    """Opens channels to the applications of one card and keeps the sequence counters that it must predict.

    ``counters`` holds, per key set, the counter that the card used last; a key set not in it is asked, not predicted.
    """

    keys: CardKeys
    entropy: Entropy
    parameter: ScpParameter
    level: SecurityLevel = SecurityLevel.C_MAC_C_ENC_R_MAC_R_ENC
    counters: dict[KeySet, int] = field(default_factory=dict)

    def open(self, batch: Batch, key_set: KeySet, aid: bytes, what: str) -> Dialogue[SecureChannel]:
        """Add INITIALIZE UPDATE and EXTERNAL AUTHENTICATE for the application selected before; yields only where it can't predict."""
        self.parameter.require(self.level)
        host_challenge = self.entropy(CHALLENGE_LENGTH)
        command = initialize_update(key_set.key_version_number, host_challenge)
        if self.parameter.pseudo_random and key_set in self.counters:
            counter = self.counters[key_set] = self.counters[key_set] + 1
            (session,) = self.keys.session_keys([SessionRequest(key_set, host_challenge, None, counter, aid)])
            told = sector_kdd(key_set.kdd, key_set.sector) if key_set.sector != ISSUER_SECTOR else key_set.kdd
            exact = predicted_response(told, key_set.key_version_number, self.parameter, counter, session)
            batch.add(f"{what}: INITIALIZE UPDATE", command, exact=exact)
            channel = SecureChannel(session, self.level)
        else:
            answer = batch.add(f"{what}: INITIALIZE UPDATE", command)
            yield from batch.flush(f"{what}: ask the card for its challenge")
            channel = self.accept(key_set, host_challenge, answer.data)
        batch.add(f"{what}: EXTERNAL AUTHENTICATE", channel.external_authenticate())
        return channel

    def accept(self, key_set: KeySet, host_challenge: bytes, answer: bytes) -> SecureChannel:
        """The channel for a card that has spoken. Raises CardNotAuthentic where its cryptogram is wrong."""
        self.parameter.require(self.level)
        response = parse_initialize_update(answer)
        (session,) = self.keys.session_keys([SessionRequest(key_set, host_challenge, response.card_challenge)])
        response.verify(session)
        if response.sequence_counter is not None:
            self.counters[key_set] = response.sequence_counter
        return SecureChannel(session, self.level)
