# SPDX-License-Identifier: Apache-2.0
"""The keys that this key process began with, known to all its workers: one that starts later must find them too.

A worker recognises its own token when it comes back. A new worker knows nothing, and would serve whatever lies there under the right name and
PIN. So the first to open keys writes down what it found, in memory that all share, and everyone after it must find at least these, until the supervisor
is told that custody changed them (SIGHUP).
"""

import hashlib
import mmap

from hsm.errors import KeysChanged
from hsm.keys.key_store import KeyDescription, KeyKind, KeyStore

MAX_KEYS = 4096
_MARK = 16  # bytes of a key's mark
_COUNT = 8  # bytes: how many marks there are
_CHECKED = b"KJS-KNOWN-KEY-1"


class KnownKeys:
    """Marks in shared memory, made before the first fork. To be asked by one worker at a time."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _COUNT + MAX_KEYS * _MARK)

    def refuse_others(self, store: KeyStore) -> None:
        """Raise KeysChanged unless every key that is known is in the store; then all of the store's are known."""
        found = {mark_of(store, key): key for key in store.descriptions()}
        lacking = len(self._known() - found.keys())
        if lacking:
            raise KeysChanged(lacking=lacking)
        found = dict(sorted(found.items())[:MAX_KEYS])
        self._memory[_COUNT : _COUNT + len(found) * _MARK] = b"".join(found)
        self._memory[:_COUNT] = len(found).to_bytes(_COUNT)  # last: who is killed before has written nothing

    def forget(self) -> None:
        """Custody changed them: the next to open keys says what they are."""
        self._memory[:_COUNT] = bytes(_COUNT)

    def _known(self) -> set[bytes]:
        count = int.from_bytes(self._memory[:_COUNT])
        return {self._memory[begin : begin + _MARK] for begin in range(_COUNT, _COUNT + count * _MARK, _MARK)}


def mark_of(store: KeyStore, key: KeyDescription) -> bytes:
    """What tells a key from every other: its name, and what it alone can make, or its public half."""
    match key.kind:
        case KeyKind.P256:
            own = store.verifying_point(key)
        case KeyKind.HMAC_SHA256:
            own = store.hmac(key, _CHECKED)
        case _:
            own = store.check_value(key)
    return hashlib.sha256(f"{key.purpose} {key.version} {key.sector} {key.kid} ".encode() + own).digest()[:_MARK]
