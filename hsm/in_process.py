# SPDX-License-Identifier: Apache-2.0
"""The keys without a process: the same operations, guards and limits over a store in memory. For tests and the bench only."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hsm.client.key_faces import KeyFaces
from hsm.errors import GrantSpent
from hsm.keys.key_store import KeyStore
from hsm.keys.randomness import Randomness
from hsm.limits.anomaly_limit import AnomalyLimit
from hsm.limits.grants import GrantDesk
from hsm.limits.officers import Officers
from hsm.limits.rate_limit import DEFAULT_RATES, Rate, RateLimit
from hsm.limits.safeguards import Safeguards
from hsm.operations.key_operations import KeyOperations
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from hsm.wire.protocol import request_from_wire, requests_to_wire
from hsm.wire.requests import Request


class RevokedInMemory:
    """Revoked cards of one process."""

    def __init__(self) -> None:
        self._kdds: set[bytes] = set()

    def __contains__(self, kdd: bytes, /) -> bool:
        return kdd in self._kdds

    def add(self, kdds: Sequence[bytes], reason: str, now: int) -> int:  # noqa: ARG002 - nothing is written down here
        """How many are new."""
        before = len(self._kdds)
        self._kdds.update(kdds)
        return len(self._kdds) - before


class NoncesInMemory:
    """Used grants of one process."""

    def __init__(self) -> None:
        self._spent: set[bytes] = set()

    def spend(self, nonce: bytes, not_after: int, now: int) -> None:  # noqa: ARG002 - never forgotten here
        """Raises GrantSpent the second time."""
        if nonce in self._spent:
            raise GrantSpent(rule="a grant is used once")
        self._spent.add(nonce)


class InProcessKeys(KeyFaces):
    """The faces of ``hsm/client/key_process.py`` over operations in this process. ``recorded`` lists what must be recorded."""

    def __init__(
        self,
        store: KeyStore,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        rates: Mapping[str, Rate] = DEFAULT_RATES,
        records: Mapping[str, bytes] | None = None,
        issuer: str = "",
    ) -> None:
        self.recorded: list[str] = []
        self._safeguards = Safeguards(
            RateLimit(rates, monotonic),
            AnomalyLimit(clock),
            RevokedInMemory(),
            GrantDesk(Officers(records or {}), NoncesInMemory(), lambda: clock().timestamp()),
            self.recorded.append,
        )
        operations = KeyOperations(store, clock=clock, safeguards=self._safeguards, issuer=issuer)

        def ask(requests: Sequence[Request]) -> list[Any]:
            # Through the wire's own reading, so that what the socket refuses is refused here too; counted together, as a frame is.
            read = [request_from_wire(wire) for wire in requests_to_wire(requests)]
            for refusal in operations.admit(read, os.geteuid()):
                if refusal is not None:
                    raise refusal
            moment = operations.moment(os.geteuid())
            return [operations.prepared(request, moment)() for request in read]

        super().__init__(ask, monotonic)

    @classmethod
    def with_new_keys(
        cls, *, clock: Callable[[], datetime], monotonic: Callable[[], float], randomness: Randomness
    ) -> "InProcessKeys":
        """Fresh development keys, kept nowhere."""
        bundle: KeyBundle = development_keys(clock(), randomness)
        return cls(SoftwareStore(bundle, randomness), clock=clock, monotonic=monotonic)
