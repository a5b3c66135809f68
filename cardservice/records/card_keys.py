# SPDX-License-Identifier: Apache-2.0
"""Public keys made on cards: each at most once in the whole scheme, whatever a chip or a person tries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    bindparam,
    select,
    update,
)

from cardservice.records.columns import Choice, Identifier, UtcTime, metadata, octets, octets_in, one_of
from cardservice.records.constraints import refusing, refusing_one
from cardservice.records.errors import PublicKeySeen, RecordNotFound, StateConflict

MAX_SLOT = 8


class KeyState(StrEnum):
    """Where a card key stands."""

    CREATED = "CREATED"
    CERTIFIED = "CERTIFIED"
    ABANDONED = "ABANDONED"


card_keys = Table(
    "card_keys",
    metadata,
    Column("card_id", Identifier, ForeignKey("cards.card_id"), primary_key=True),
    Column("slot", String(MAX_SLOT), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    octets("spki_sha256", 32, unique=True),
    octets("point", 65),
    Column("state", Choice(KeyState), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    one_of("state", KeyState),
    octets_in("spki_sha256", 32),
    octets_in("point", 65),
    CheckConstraint("generation > 0", name="generation_positive"),
)


@dataclass(frozen=True, slots=True)
class CardKey:
    """One public key. ``slot``: '9A' .. '9E', or 'S01' for sector 01; ``generation`` counts the keys made in that slot, from 1."""

    card_id: str
    slot: str
    generation: int
    spki_sha256: bytes
    point: bytes = field(repr=False)
    state: KeyState
    created_at: datetime


# Built once: building a statement costs more than running it.
_COLUMNS = tuple(each.name for each in fields(CardKey))
_ADD = card_keys.insert()
_OF_CARD = (
    select(*(card_keys.c[name] for name in _COLUMNS))
    .where(card_keys.c.card_id == bindparam("card"))
    .order_by(card_keys.c.slot, card_keys.c.generation)
)
_SET_GENERATION = (
    update(card_keys)
    .where(
        card_keys.c.card_id == bindparam("card"),
        card_keys.c.generation == bindparam("made"),
        card_keys.c.state == bindparam("before"),
    )
    .values(state=bindparam("after"))
)


def add(connection: Connection, key: CardKey) -> None:
    """Record a key. Raises PublicKeySeen for a key that any card ever had, and for a second key in the same place."""
    seen = PublicKeySeen(card_id=key.card_id, slot=key.slot)
    with refusing_one(connection, {"uq_card_keys_spki_sha256": seen, "pk_card_keys": seen}):
        connection.execute(_ADD, _values(key))


def add_all(connection: Connection, keys: Sequence[CardKey]) -> None:
    """Record the keys of one card, all or none. Raises PublicKeySeen as add() does, naming a slot whose key was seen."""
    if not keys:
        return
    seen = PublicKeySeen(card_id=keys[0].card_id, slot="?")
    try:
        with refusing(connection, {"uq_card_keys_spki_sha256": seen, "pk_card_keys": seen}):
            connection.execute(_ADD, [_values(key) for key in keys])
    except PublicKeySeen:
        raise PublicKeySeen(card_id=keys[0].card_id, slot=_slot_seen(connection, keys)) from None


def set_state(connection: Connection, key: CardKey, after: KeyState) -> None:
    """Compare and set, from the state that ``key`` shows. Raises StateConflict, RecordNotFound."""
    here = (card_keys.c.card_id == key.card_id, card_keys.c.slot == key.slot, card_keys.c.generation == key.generation)
    done = connection.execute(update(card_keys).where(*here, card_keys.c.state == key.state).values(state=after))
    if done.rowcount != 1:
        found = connection.scalar(select(card_keys.c.state).where(*here))
        if found is None:
            raise RecordNotFound(record="card-key")
        raise StateConflict(record="card-key", expected=key.state.value, found=str(found))


def set_generation(
    connection: Connection, card_id: str, generation: int, before: KeyState, after: KeyState, *, count: int
) -> None:
    """Compare and set all ``count`` keys of one generation of a card. Raises StateConflict if other than ``count`` were ``before``."""
    values = {"card": card_id, "made": generation, "before": before, "after": after}
    done = connection.execute(_SET_GENERATION, values)
    if done.rowcount != count:
        raise StateConflict(record="card-key", expected=f"{count} {before.value}", found=f"{done.rowcount}")


def of_card(connection: Connection, card_id: str) -> tuple[CardKey, ...]:
    """Every key of a card, by slot and generation, abandoned ones too."""
    return tuple(CardKey(*row) for row in connection.execute(_OF_CARD, {"card": card_id}))


def latest(connection: Connection, card_id: str, slot: str) -> CardKey | None:
    """The newest key in a slot that was not abandoned."""
    usable = [key for key in of_card(connection, card_id) if key.slot == slot and key.state is not KeyState.ABANDONED]
    return usable[-1] if usable else None


def find_by_spki(connection: Connection, spki_sha256: bytes) -> CardKey | None:
    """The key with this hash, on whichever card."""
    query = select(card_keys).where(card_keys.c.spki_sha256 == spki_sha256)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else CardKey(**row)


def _values(key: CardKey) -> dict[str, object]:
    return {name: getattr(key, name) for name in _COLUMNS}


def _slot_seen(connection: Connection, keys: Sequence[CardKey]) -> str:
    """Which of the refused keys the records know; where they know none, the card said one key twice."""
    hashes = [key.spki_sha256 for key in keys]
    taken = {(key.slot, key.generation) for key in of_card(connection, keys[0].card_id)}
    known = set(connection.scalars(select(card_keys.c.spki_sha256).where(card_keys.c.spki_sha256.in_(hashes))))
    twice = {spki for spki, times in Counter(hashes).items() if times > 1}
    return next(
        (key.slot for key in keys if key.spki_sha256 in known | twice or (key.slot, key.generation) in taken), "?"
    )
