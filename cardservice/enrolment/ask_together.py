# SPDX-License-Identifier: Apache-2.0
"""Several questions to the population registry at once: it is far away, and a question mostly waits."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from cardservice.enrolment.errors import RegistryError
from cardservice.enrolment.population_registry import Person, PopulationRegistry, RegistryAnswer


def ask_together(
    registry: PopulationRegistry, people: Sequence[Person], at_once: int
) -> Iterator[RegistryAnswer | RegistryError]:
    """The answers in the order of the people, ``at_once`` questions under way. Whoever stops listening leaves the rest unasked."""
    if at_once == 1:
        yield from map(partial(_answer, registry), people)
        return
    with ThreadPoolExecutor(at_once) as pool:
        for begin in range(0, len(people), at_once):
            yield from pool.map(partial(_answer, registry), people[begin : begin + at_once])


def _answer(registry: PopulationRegistry, person: Person) -> RegistryAnswer | RegistryError:
    try:
        return registry.ask(person)
    except RegistryError as failed:
        return failed
