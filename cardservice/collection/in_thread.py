# SPDX-License-Identifier: Apache-2.0
"""How what blocks - a transaction of many statements, a question to the keys - is kept off the thread that answers everybody."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class NoThreadFree(Exception):
    """No thread came free in time. Nothing was begun."""


class InThread(Protocol):
    """Runs work in a thread, one of so many as whoever wires it allows."""

    def __call__(self, work: Callable[[], Result], within: float, /) -> Awaitable[Result]:
        """What the work gives, or raises. Raises NoThreadFree where it was not begun ``within`` so many seconds; what was begun is waited for."""
        ...
