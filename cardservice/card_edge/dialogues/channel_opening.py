# SPDX-License-Identifier: Apache-2.0
"""Opening SCP03 secure channels inside a dialogue, predicted where the card's challenge is pseudo-random (Amendment D, 4.1.5.1).

A predicted INITIALIZE UPDATE carries the one response that the right card gives; the driver stops at any other, so EXTERNAL AUTHENTICATE and
what follows never reach a card that does not hold the keys. On a card with random challenges each channel costs one more round trip.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.scp03.initialize_update import initialize_update, parse_initialize_update, predicted_response
from cardservice.card_edge.scp03.parameters import ScpParameter, SecurityLevel
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.card_edge.sector.kdd import sector_kdd
from cardservice.keys import ISSUER_SECTOR, CardKeys, KeySet, SessionKeys, SessionRequest

CHALLENGE_LENGTH = 8

Entropy = Callable[[int], bytes]
Opening = tuple[KeySet, bytes]  # which key set opens a channel to which AID


@dataclass(slots=True)
class ChannelOpener:
    """Opens channels to the applications of one card and keeps the sequence counters that it must predict.

    ``counters`` holds, per key set, the counter that the card used last; a key set not in it is asked, not predicted. ``foresee`` and the
    ``then`` of ``accept`` name channels that will be opened next, in order: their session keys are asked for in one trip to the keys.
    """

    keys: CardKeys
    entropy: Entropy
    parameter: ScpParameter
    level: SecurityLevel = SecurityLevel.C_MAC_C_ENC_R_MAC_R_ENC
    counters: dict[KeySet, int] = field(default_factory=dict)
    _foreseen: deque[tuple[SessionRequest, SessionKeys]] = field(default_factory=deque, repr=False)

    def open(self, batch: Batch, key_set: KeySet, aid: bytes, what: str) -> Dialogue[SecureChannel]:
        """Add INITIALIZE UPDATE and EXTERNAL AUTHENTICATE for the application selected before; yields only where it can't predict."""
        self.parameter.require(self.level)
        if not self._foreseen:
            self.foresee([(key_set, aid)])
        if self._foreseen:
            channel = self._open_predicted(batch, key_set, aid, what)
        else:
            host_challenge = self.entropy(CHALLENGE_LENGTH)
            command = initialize_update(key_set.key_version_number, host_challenge)
            answer = batch.add(f"{what}: INITIALIZE UPDATE", command)
            yield from batch.flush(f"{what}: ask the card for its challenge")
            channel = self.accept(key_set, host_challenge, answer.data)
        batch.add(f"{what}: EXTERNAL AUTHENTICATE", channel.external_authenticate())
        return channel

    def foresee(self, openings: Sequence[Opening]) -> None:
        """Ask at once for the session keys of the channels that are opened next, in this order, as far as they can be predicted."""
        requests = self._predictable(openings)
        if requests:
            self._foreseen.extend(zip(requests, self.keys.session_keys(requests), strict=True))

    def accept(
        self, key_set: KeySet, host_challenge: bytes, answer: bytes, *, then: Sequence[Opening] = ()
    ) -> SecureChannel:
        """The channel for a card that has spoken; ``then`` is foreseen with it. Raises CardNotAuthentic where its cryptogram is wrong."""
        self.parameter.require(self.level)
        response = parse_initialize_update(answer)
        spoken = SessionRequest(key_set, host_challenge, response.card_challenge)
        requests = self._predictable(then)
        session, *sessions = self.keys.session_keys([spoken, *requests])
        response.verify(session)
        self._foreseen.extend(zip(requests, sessions, strict=True))
        if response.sequence_counter is not None:
            self.counters[key_set] = response.sequence_counter
        return SecureChannel(session, self.level)

    def _open_predicted(self, batch: Batch, key_set: KeySet, aid: bytes, what: str) -> SecureChannel:
        request, session = self._foreseen.popleft()
        assert (request.key_set, request.aid) == (key_set, aid), "channels are opened in the order foreseen"
        assert request.sequence_counter is not None
        told = sector_kdd(key_set.kdd, key_set.sector) if key_set.sector != ISSUER_SECTOR else key_set.kdd
        exact = predicted_response(told, key_set.key_version_number, self.parameter, request.sequence_counter, session)
        command = initialize_update(key_set.key_version_number, request.host_challenge)
        batch.add(f"{what}: INITIALIZE UPDATE", command, exact=exact)
        return SecureChannel(session, self.level)

    def _predictable(self, openings: Sequence[Opening]) -> list[SessionRequest]:
        """The questions for a leading run of channels: behind one that must be asked, nothing waits in the queue."""
        requests: list[SessionRequest] = []
        for key_set, aid in openings:
            if not self.parameter.pseudo_random or key_set not in self.counters:
                break
            counter = self.counters[key_set] = self.counters[key_set] + 1
            requests.append(SessionRequest(key_set, self.entropy(CHALLENGE_LENGTH), None, counter, aid))
        return requests
