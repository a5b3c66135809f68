# SPDX-License-Identifier: Apache-2.0
"""What a caller was told is done, and whether it stays done, once, whatever was killed meanwhile.

A request is acknowledged when its answer has reached the caller. Where the key process remembers something, that means: a revoked card stays
refused; a grant that was used is never accepted again; an opened value has its line in the log, and one only; what was counted against a limit
stays counted, once; what was sealed opens. A signature leaves nothing behind: asked for twice, it is made twice, and both are good.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cardservice.clock import monotonic, now
from cardservice.keys import KeyOrigin, KeySet, SessionRequest
from hsm.client.key_process import KeyProcess
from hsm.errors import CardRevoked, GrantRefused
from hsm.limits import anomaly_limit
from hsm.limits.caller_records import CallerRecords
from hsm.limits.grants import Grant
from hsm.limits.rate_limit import DEFAULT_RATES
from hsm.limits.safeguards import anomaly_counters_in
from tests.hsm.officer_people import ANI, BUDI, REASON, granted

GRANT_SECONDS = 3000  # that a grant of the campaign lives: longer than any campaign waits to try it again
SAMPLE = 200  # of grants tried again and of sealed values opened at the end, which are limited too
Values = list[tuple[str, bytes]]


@dataclass
class Acknowledged:
    """What callers were told is done, and beside it what they tried, told or not."""

    began: float = field(default_factory=monotonic)
    revoked: list[bytes] = field(default_factory=list)
    sealed: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)  # contexts of openings
    grants: list[tuple[Values, Grant]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: int = 0

    def revoke(self, keys: KeyProcess) -> None:
        """A card, for good."""
        kdd = secrets.token_bytes(10)
        keys.revoke_cards([kdd], reason="campaign")
        self.revoked.append(kdd)

    def seal_and_open(self, keys: KeyProcess) -> None:
        """A value of its own context, sealed and opened."""
        context, value = self._context(), secrets.token_bytes(16)
        (sealed,) = keys.sealer.seal([(context, value)])
        self.sealed.append((context, sealed, value))
        self.tried.append(context)
        if keys.sealer.unseal(context, sealed, reason="campaign") != value:
            raise AssertionError(context)
        self.opened.append(context)

    def use_a_grant(self, keys: KeyProcess) -> None:
        """Two officers open two values, once."""
        contexts = [self._context(), self._context()]
        values = list(zip(contexts, keys.sealer.seal([(context, b"value") for context in contexts]), strict=True))
        end = int(now().timestamp()) + GRANT_SECONDS
        grant = granted(contexts, ANI, BUDI, not_after=end, nonce=secrets.token_bytes(16))
        if keys.sealer.unseal_many(values, reason=REASON, grant=grant) != [b"value"] * 2:
            raise AssertionError(contexts)
        self.grants.append((values, grant))

    def broken(self, socket: Path, state: Path, log: Path, caller: int) -> list[str]:
        """What was lost or doubled, each in words. To be asked when nobody else asks."""
        with KeyProcess(socket, deadline=5) as keys:
            return [
                *(f"revocation lost {kdd.hex()}" for kdd in forgotten(keys, self.revoked)),
                *(
                    f"grant used twice, of {values[0][0]}"
                    for values, grant in self.grants[-SAMPLE:]
                    if works_again(keys, values, grant)
                ),
                *self._miscounted(state, caller),
                *self._misrecorded(log),
                *self._unopened(keys),
            ]

    def _context(self) -> str:
        with self._lock:
            self._numbers += 1
            return f"campaign/value/{self._numbers}"

    def _misrecorded(self, log: Path) -> list[str]:
        said = Counter(
            line.partition(" unseal context=")[2].partition(" ")[0]
            for line in log.read_text(errors="replace").splitlines()
            if " RECORD " in line and " unseal context=" in line
        )
        missing = [f"opening not recorded {context}" for context in self.opened if not said[context]]
        return [*missing, *(f"opening recorded twice {context}" for context in self.tried if said[context] > 1)]

    def _miscounted(self, state: Path, caller: int) -> list[str]:
        counted, acknowledged, tried = hours_of(state, caller, "unseal"), len(self.opened), len(self.tried)
        found = []
        if not acknowledged <= counted <= tried:
            found.append(f"openings counted {counted}, acknowledged {acknowledged}, tried {tried}")
        rate = DEFAULT_RATES["unseal"]
        most = rate.burst + rate.per_second * (monotonic() - self.began)
        if acknowledged > most:
            found.append(f"{acknowledged} openings where the rate allows {most:.0f}: a restart filled the bucket")
        return found

    def _unopened(self, keys: KeyProcess) -> list[str]:
        """A sample, by a grant: single openings are few by design."""
        sample = self.sealed[-SAMPLE:]
        if not sample:
            return []
        contexts = [context for context, _, _ in sample]
        end = int(now().timestamp()) + GRANT_SECONDS
        grant = granted(contexts, ANI, BUDI, not_after=end, nonce=secrets.token_bytes(16))
        opened = keys.sealer.unseal_many(
            [(context, sealed) for context, sealed, _ in sample], reason=REASON, grant=grant
        )
        return [context for (context, _, value), found in zip(sample, opened, strict=True) if value != found]


def forgotten(keys: KeyProcess, kdds: Sequence[bytes]) -> list[bytes]:
    """Revoked cards to which a channel opens all the same."""
    found = []
    for kdd in kdds:
        request = SessionRequest(KeySet(KeyOrigin.SCHEME, 0x30, kdd), bytes(8), bytes(8))
        try:
            keys.card_keys.session_keys([request])
        except CardRevoked:
            continue
        found.append(kdd)
    return found


def works_again(keys: KeyProcess, values: Values, grant: Grant) -> bool:
    """Whether a grant that was used opens something once more. Raises HsmError where nobody can tell."""
    try:
        keys.sealer.unseal_many(values, reason=REASON, grant=grant)
    except GrantRefused as refused:
        if refused.evidence["rule"] != "a grant is used once":
            raise
        return False
    return True


def hours_of(state: Path, caller: int, operation: str) -> int:
    """How much of an operation the anomaly limit has counted for a caller, over all its hours."""
    counters = anomaly_counters_in(state)
    try:
        with counters as cells:
            place = CallerRecords(anomaly_limit._SIZE).place(cells, caller, operation)
            assert place is not None
            return int(sum(cells[place + anomaly_limit._HOURS : place + anomaly_limit._SIZE]))
    finally:
        counters.close()
