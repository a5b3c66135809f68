# SPDX-License-Identifier: Apache-2.0
"""How what blocks - a transaction of many statements, a question to the keys - is kept off the thread that answers everybody."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class InThread(Protocol):
    """Runs work in a thread, one of so many as whoever wires it allows."""

    def __call__(self, work: Callable[[], Result], /) -> Awaitable[Result]:
        """What the work gives, or raises."""
        ...
