# SPDX-License-Identifier: Apache-2.0
"""Several questions to the population registry at once: it is far away, and a question mostly waits."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from cardservice.enrolment.errors import RegistryError
from cardservice.enrolment.population_registry import Person, PopulationRegistry, RegistryAnswer


def ask_together(
    registry: PopulationRegistry, people: Sequence[Person], at_once: int
) -> Iterator[list[RegistryAnswer | RegistryError]]:
    """The answers in the order of the people, ``at_once`` at a time. Whoever stops listening leaves the rest unasked."""
    ask = partial(_answer, registry)
    with ThreadPoolExecutor(at_once) as pool:
        for begin in range(0, len(people), at_once):
            some = people[begin : begin + at_once]
            yield list(pool.map(ask, some) if at_once > 1 else map(ask, some))


def _answer(registry: PopulationRegistry, person: Person) -> RegistryAnswer | RegistryError:
    try:
        return registry.ask(person)
    except RegistryError as failed:
        return failed
