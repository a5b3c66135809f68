# SPDX-License-Identifier: Apache-2.0
"""The simulated registry in a thread of this process, and the real client that asks it."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from cardservice.clock import monotonic
from cardservice.enrolment.element_check import RegistryCredentials
from cardservice.enrolment.population_registry import Person
from cardservice.enrolment.registry_client import RegistryClient
from reader_tools.registry.people import Behaviour, Known
from reader_tools.registry.simulator import RegistrySimulator

PASSWORD = "kata-sandi-tiruan"
SITI = Person("3171014510909001", "Siti Rahayu", date(1990, 10, 5))


def known(behaviour: Behaviour = Behaviour.ANSWER, *, name: str = "SITI RAHAYU", born: date = SITI.birth_date) -> Known:
    return Known(name, born, behaviour)


@dataclass(frozen=True)
class RegistryAt:
    simulator: RegistrySimulator

    def client(self, *, seconds: float = 5.0, password: str = PASSWORD) -> RegistryClient:
        return RegistryClient(self.simulator.url, RegistryCredentials("kartu", password), monotonic, seconds=seconds)


@contextmanager
def registry_at(people: Mapping[str, Known]) -> Iterator[RegistryAt]:
    with RegistrySimulator(people, password=PASSWORD) as simulator:
        thread = threading.Thread(target=simulator.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield RegistryAt(simulator)
        finally:
            simulator.shutdown()
            thread.join()
