# SPDX-License-Identifier: Apache-2.0
"""Keys for long work: where the key process says "too many in too short a time", wait and ask again.

The limits stay those of the key process (hsm/limits/rate_limit.py). A counter that meets them has a fault; a list of 100,000 people has work.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from cardservice.keys import BlindIndex, GrantedPortion, Sealer
from hsm.errors import GrantSpent, RateExceeded

PAUSE = 0.05  # seconds: what a bucket gains meanwhile is some hundred values
LONGEST = 120.0  # seconds that one question waits; a bucket that nobody else empties fills in ten

AT_ONCE = 500  # values in one question

_Answer = TypeVar("_Answer")
_Value = TypeVar("_Value")


def patiently(ask: Callable[[], _Answer], *, pause: float = PAUSE) -> _Answer:
    """The answer, however often it has to be asked for. Raises RateExceeded after LONGEST."""
    for _ in range(int(LONGEST / pause)):
        try:
            return ask()
        except RateExceeded:
            time.sleep(pause)
    return ask()


class PatientSealer:
    """A sealer that waits for its turn."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, values: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Seal each (context, value)."""
        return [sealed for part in _parts(values) for sealed in patiently(partial(self._sealer.seal, part))]

    def unseal(self, context: str, sealed: bytes, *, reason: str) -> bytes:
        """Open one value."""
        return patiently(partial(self._sealer.unseal, context, sealed, reason=reason))


def open_patiently(portion: GrantedPortion, sealed: Sequence[bytes]) -> list[bytes] | None:
    """A granted portion's values, once it is our turn; None where its grant was used before."""
    try:
        return patiently(partial(portion.unseal, sealed))
    except GrantSpent:
        return None


class PatientBlindIndex:
    """A blind index that waits for its turn."""

    def __init__(self, blind_index: BlindIndex) -> None:
        self._blind_index = blind_index

    def blind_index(self, values: Sequence[bytes]) -> list[bytes]:
        """Fingerprint each value."""
        return [index for part in _parts(values) for index in patiently(partial(self._blind_index.blind_index, part))]


def _parts(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Each part is one question: what was answered is not asked again because a later part has to wait."""
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))
