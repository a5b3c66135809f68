# SPDX-License-Identifier: Apache-2.0
"""Opening SCP03 secure channels inside a dialogue, predicted where the card's challenge is pseudo-random (Amendment D, 4.1.5.1).

A predicted INITIALIZE UPDATE carries the one response that the right card gives; the driver stops at any other, so EXTERNAL AUTHENTICATE and
what follows never reach a card that does not hold the keys. On a card with random challenges each channel costs one more round trip.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.scp03.initialize_update import initialize_update, parse_initialize_update, predicted_response
from cardservice.card_edge.scp03.parameters import ScpParameter, SecurityLevel
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.card_edge.sector.kdd import sector_kdd
from cardservice.keys import ISSUER_SECTOR, CardKeys, KeySet, SessionKeys, SessionRequest

CHALLENGE_LENGTH = 8

Entropy = Callable[[int], bytes]
# Commands and answers are proven at both levels. What a card tells anybody who asks needs no hiding: there a MAC is enough (decision 0094).
PUBLIC = SecurityLevel.C_MAC_R_MAC
SECRET = SecurityLevel.C_MAC_C_ENC_R_MAC_R_ENC


class Opening(NamedTuple):
    """A channel to be opened: which key set opens it, to which AID, and what it hides."""

    key_set: KeySet
    aid: bytes
    level: SecurityLevel


@dataclass(slots=True)
class ChannelOpener:
    """Opens channels to the applications of one card and keeps the sequence counters that it must predict.

    ``counters`` holds, per key set, the counter that the card used last; a key set not in it is asked, not predicted. ``foresee`` and the
    ``then`` of ``accept`` name channels that will be opened next, in order: their session keys are asked for in one trip to the keys.
    """

    keys: CardKeys
    entropy: Entropy
    parameter: ScpParameter
    counters: dict[KeySet, int] = field(default_factory=dict)
    _foreseen: deque[tuple[SessionRequest, SessionKeys]] = field(default_factory=deque, repr=False)

    def open(self, batch: Batch, opening: Opening, what: str) -> Dialogue[SecureChannel]:
        """Add INITIALIZE UPDATE and EXTERNAL AUTHENTICATE for the application selected before; yields only where it can't predict."""
        self.parameter.require(opening.level)
        if not self._foreseen:
            self.foresee([opening])
        if self._foreseen:
            channel = self._open_predicted(batch, opening, what)
        else:
            host_challenge = self.entropy(CHALLENGE_LENGTH)
            command = initialize_update(opening.key_set.key_version_number, host_challenge)
            answer = batch.add(f"{what}: INITIALIZE UPDATE", command)
            yield from batch.flush(f"{what}: ask the card for its challenge")
            channel = self.accept(opening.key_set, opening.level, host_challenge, answer.data)
        batch.add(f"{what}: EXTERNAL AUTHENTICATE", channel.external_authenticate())
        return channel

    def foresee(self, openings: Sequence[Opening]) -> None:
        """Ask at once for the session keys of the channels that are opened next, in this order, as far as they can be predicted."""
        requests = self._predictable(openings)
        if requests:
            self._foreseen.extend(zip(requests, self.keys.session_keys(requests), strict=True))

    def accept(
        self,
        key_set: KeySet,
        level: SecurityLevel,
        host_challenge: bytes,
        answer: bytes,
        *,
        then: Sequence[Opening] = (),
    ) -> SecureChannel:
        """The channel for a card that has spoken; ``then`` is foreseen with it. Raises CardNotAuthentic where its cryptogram is wrong."""
        self.parameter.require(level)
        response = parse_initialize_update(answer)
        spoken = SessionRequest(key_set, host_challenge, response.card_challenge)
        requests = self._predictable(then)
        session, *sessions = self.keys.session_keys([spoken, *requests])
        response.verify(session)
        self._foreseen.extend(zip(requests, sessions, strict=True))
        if response.sequence_counter is not None:
            self.counters[key_set] = response.sequence_counter
        return SecureChannel(session, level)

    def _open_predicted(self, batch: Batch, opening: Opening, what: str) -> SecureChannel:
        request, session = self._foreseen.popleft()
        key_set = opening.key_set
        assert (request.key_set, request.aid) == (key_set, opening.aid), "channels are opened in the order foreseen"
        assert request.sequence_counter is not None
        told = sector_kdd(key_set.kdd, key_set.sector) if key_set.sector != ISSUER_SECTOR else key_set.kdd
        exact = predicted_response(told, key_set.key_version_number, self.parameter, request.sequence_counter, session)
        command = initialize_update(key_set.key_version_number, request.host_challenge)
        batch.add(f"{what}: INITIALIZE UPDATE", command, exact=exact)
        return SecureChannel(session, opening.level)

    def _predictable(self, openings: Sequence[Opening]) -> list[SessionRequest]:
        """The questions for a leading run of channels: behind one that must be asked, nothing waits in the queue."""
        requests: list[SessionRequest] = []
        for key_set, aid, _ in openings:
            if not self.parameter.pseudo_random or key_set not in self.counters:
                break
            counter = self.counters[key_set] = self.counters[key_set] + 1
            requests.append(SessionRequest(key_set, self.entropy(CHALLENGE_LENGTH), None, counter, aid))
        return requests
