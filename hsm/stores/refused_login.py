# SPDX-License-Identifier: Apache-2.0
"""A PIN that a token refused, remembered for all workers: tokens count wrong tries and lock themselves after a few.

A worker tries once. But there are several, a dead one is replaced, and systemd starts the whole of it again: so whoever comes after the first
refusal is refused without a try, until a person has looked and says so (SIGHUP, or a new start).
"""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import cbor2

from hsm.errors import TokenLoginRefused

_ROOM: Final = 4096  # bytes
_LENGTH: Final = 2  # bytes: how long what is remembered is; zero while nothing is


class RefusedLogin:
    """Shared memory, made before the first fork. To be used by one worker at a time (login_turn.py)."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _ROOM)

    @contextmanager
    def tried_once(self) -> Iterator[None]:
        """Around a login. Raises TokenLoginRefused as the first one was, before anything is tried; remembers the first."""
        if length := int.from_bytes(self._memory[:_LENGTH]):
            raise TokenLoginRefused(**cbor2.loads(self._memory[_LENGTH : _LENGTH + length]))
        try:
            yield
        except TokenLoginRefused as refused:
            told = cbor2.dumps({name: str(value) for name, value in refused.evidence.items()})
            if len(told) > _ROOM - _LENGTH:
                told = cbor2.dumps({"token": "?", "rule": "?"})
            self._memory[_LENGTH : _LENGTH + len(told)] = told
            self._memory[:_LENGTH] = len(told).to_bytes(_LENGTH)
            raise

    def forget(self) -> None:
        """A person has looked: the next may try again."""
        self._memory[:_LENGTH] = bytes(_LENGTH)
