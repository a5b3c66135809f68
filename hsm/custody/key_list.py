# SPDX-License-Identifier: Apache-2.0
"""Every key of a store as people ask for it: what it is for, since when, until when, and what has to be done about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hsm.custody.key_record import check_of, described
from hsm.keys.crypto_periods import CRYPTO_PERIODS
from hsm.keys.key_store import KeyDescription, KeyStore

WARN_AHEAD = timedelta(days=30)  # time enough to call the custodians together
WARN_AHEAD_OF_SHORT_PERIODS = timedelta(days=14)  # keys that change every quarter: twice the overlap


class KeyState(StrEnum):
    """Where in its life a key is (SP 800-57 part 1, 7)."""

    NEXT = "next"  # made, and not yet used
    ACTIVE = "active"
    ENDED = "ended"  # makes nothing new; what it made stays readable
    DESTROYED = "destroyed"  # only its description is left


@dataclass(frozen=True, slots=True)
class ListedKey:
    """One key. ``check`` shows which key it is (``check_of``)."""

    description: KeyDescription
    check: str
    state: KeyState
    days_left: int
    published_until: datetime
    is_current: bool

    def document(self) -> dict[str, object]:
        """As JSON shows it."""
        return described(self.description) | {
            "check": self.check,
            "published_until": self.published_until,
            "state": str(self.state),
            "current": self.is_current,
            "days_left": self.days_left,
        }


@dataclass(frozen=True, slots=True)
class Warned:
    """A slot that soon has, or already has, no key that makes new things."""

    purpose: str
    sector: int
    expires: datetime
    days_left: int

    def document(self) -> dict[str, object]:
        """As JSON shows it."""
        return {
            "purpose": self.purpose,
            "sector": self.sector,
            "expires": self.expires,
            "days_left": self.days_left,
        }


def list_keys(store: KeyStore, now: datetime, destroyed: Iterable[tuple[KeyDescription, str]] = ()) -> list[ListedKey]:
    """Every key of the store, and those that the journal says were destroyed (with their check), by purpose, sector and version."""
    kept = store.descriptions()
    current = {key.kid for key in _current(kept, now)}
    listed = [_listed(key, check_of(store, key), _state(key, now), now, is_current=key.kid in current) for key in kept]
    there = {key.kid for key in kept}
    listed += [
        _listed(key, check, KeyState.DESTROYED, now, is_current=False)
        for key, check in destroyed
        if key.kid not in there
    ]
    order = [str(purpose) for purpose in CRYPTO_PERIODS]
    return sorted(
        listed,
        key=lambda one: (order.index(one.description.purpose), one.description.sector, one.description.version),
    )


def warnings(keys: Sequence[KeyDescription], now: datetime) -> list[Warned]:
    """The slots whose last key ends soon, or has ended."""
    last: dict[tuple[str, int], KeyDescription] = {}
    for key in keys:
        slot = (str(key.purpose), key.sector)
        if slot not in last or key.expires > last[slot].expires:
            last[slot] = key
    return [
        Warned(purpose, sector, key.expires, _days(key.expires - now))
        for (purpose, sector), key in last.items()
        if key.expires - now <= _ahead(key)
    ]


def _ahead(key: KeyDescription) -> timedelta:
    making = CRYPTO_PERIODS[key.purpose].making
    return WARN_AHEAD if making > 6 * WARN_AHEAD else WARN_AHEAD_OF_SHORT_PERIODS


def _began(key: KeyDescription) -> tuple[datetime, int]:
    return key.active_from, key.version


def _current(keys: Iterable[KeyDescription], now: datetime) -> list[KeyDescription]:
    """Of each slot the active key that began last: the one that the key ring takes."""
    found: dict[tuple[str, int], KeyDescription] = {}
    for key in keys:
        slot = (str(key.purpose), key.sector)
        if key.is_active(now) and (slot not in found or _began(key) > _began(found[slot])):
            found[slot] = key
    return list(found.values())


def _listed(key: KeyDescription, check: str, state: KeyState, now: datetime, *, is_current: bool) -> ListedKey:
    return ListedKey(
        description=key,
        check=check,
        state=state,
        days_left=_days(key.expires - now),
        published_until=key.expires + CRYPTO_PERIODS[key.purpose].reading,
        is_current=is_current,
    )


def _state(key: KeyDescription, now: datetime) -> KeyState:
    if key.expires <= now or key.is_ended:  # first: a rotation at once ends the next key too, before it ever began
        return KeyState.ENDED
    return KeyState.NEXT if now < key.active_from else KeyState.ACTIVE


def _days(left: timedelta) -> int:
    return max(0, left.days)
