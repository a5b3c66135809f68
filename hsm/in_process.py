# SPDX-License-Identifier: Apache-2.0
"""The keys without a process: the same operations, guards and limits over a store in memory. For tests and the bench only."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hsm.key_bundle import KeyBundle
from hsm.key_faces import KeyFaces
from hsm.key_generation import development_keys
from hsm.key_store import KeyStore
from hsm.operations import KeyOperations
from hsm.protocol import request_from_wire, requests_to_wire
from hsm.rate_limit import DEFAULT_RATES, Rate, RateLimit
from hsm.requests import Request
from hsm.sealed_file import Randomness
from hsm.software_store import SoftwareStore


class InProcessKeys(KeyFaces):
    """The faces of ``hsm/client.py`` over operations in this process. ``opened`` lists (context, reason) of every opened value."""

    def __init__(
        self,
        store: KeyStore,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        rates: Mapping[str, Rate] = DEFAULT_RATES,
    ) -> None:
        self.opened: list[tuple[str, str]] = []
        operations = KeyOperations(
            store,
            clock=clock,
            rate_limit=RateLimit(rates, monotonic),
            record=lambda context, reason: self.opened.append((context, reason)),
        )

        def ask(requests: Sequence[Request]) -> list[Any]:
            # Through the wire's own reading, so that what the socket refuses is refused here too.
            return [operations.answer(request_from_wire(wire)) for wire in requests_to_wire(requests)]

        super().__init__(ask, monotonic)

    @classmethod
    def with_new_keys(
        cls, *, clock: Callable[[], datetime], monotonic: Callable[[], float], randomness: Randomness
    ) -> "InProcessKeys":
        """Fresh development keys, kept nowhere."""
        bundle: KeyBundle = development_keys(clock(), randomness)
        return cls(SoftwareStore(bundle, randomness), clock=clock, monotonic=monotonic)
