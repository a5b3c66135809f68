# SPDX-License-Identifier: Apache-2.0
"""``verify_chain``: does the trail still say what was written, from the first event to the last.

Every event is hashed again and tied again to the one before it. What is found is told, never thrown: an auditor wants the whole list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cardservice.records import audit_batches, audit_events
from cardservice.records.audit_chain import GENESIS, chain_hash
from cardservice.records.audit_events import AuditPosition, ChainHead
from cardservice.records.connection import Connection

MAX_FAULTS = 1000  # a trail with more is one fault


class ChainRule(StrEnum):
    """What was found."""

    EVENT_EDITED = "event-edited"  # the event does not hash to its leaf
    LINK_BROKEN = (
        "link-broken"  # leaf and head before do not hash to the head: something was edited, moved or taken out
    )
    EVENT_MISSING = "event-missing"  # a gap in the numbers
    HEAD_DIFFERS = "head-differs"  # the counter does not end where the events end
    SEALED_DIFFERS = "sealed-differs"  # a signed batch saw another head at this place


@dataclass(frozen=True, slots=True)
class ChainFault:
    """One place where the trail does not hold."""

    position: AuditPosition
    rule: ChainRule


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Whether the trail holds; falsy if not, and then ``faults`` says where."""

    events: int
    faults: tuple[ChainFault, ...]

    def __bool__(self) -> bool:
        return not self.faults


def verify_chain(connection: Connection) -> ChainReport:
    """Read the whole trail and check it, with the heads that sealed batches saw."""
    sealed = {
        head.position: head.head
        for batch in audit_batches.every(connection)
        for head in batch.heads
        if head.position.seq
    }
    count = 0
    faults: list[ChainFault] = []
    for end in audit_events.heads(connection):
        walk = _Walk(end, sealed)
        faults += walk.check(connection, MAX_FAULTS - len(faults))
        count += walk.count
    return ChainReport(count, tuple(faults))


class _Walk:
    """One chain being checked."""

    def __init__(self, end: ChainHead, sealed: dict[AuditPosition, bytes]) -> None:
        self.count = 0
        self._end = end
        self._sealed = sealed

    def check(self, connection: Connection, most: int) -> list[ChainFault]:
        """The first ``most`` faults."""
        found: list[ChainFault] = []
        for fault in self._faults(connection):
            if len(found) >= most:
                break
            found.append(fault)
        return found

    def _faults(self, connection: Connection) -> Iterator[ChainFault]:
        chain, seq, head = self._end.position.chain, 0, GENESIS
        for kept in audit_events.stream(connection, chain):
            self.count += 1
            # 1. The numbers have no gap.
            if kept.position.seq != seq + 1:
                yield ChainFault(AuditPosition(chain, seq + 1), ChainRule.EVENT_MISSING)
            # 2. The event hashes to its leaf.
            if kept.event.leaf != kept.leaf:
                yield ChainFault(kept.position, ChainRule.EVENT_EDITED)
            # 3. The leaf is tied to the head before.
            if chain_hash(head, kept.leaf) != kept.head:
                yield ChainFault(kept.position, ChainRule.LINK_BROKEN)
            # 4. A batch that was signed here saw this head.
            if self._sealed.get(kept.position, kept.head) != kept.head:
                yield ChainFault(kept.position, ChainRule.SEALED_DIFFERS)
            seq, head = kept.position.seq, kept.head
        # 5. The chain ends where its counter says, and not before a place that was sealed.
        if (seq, head) != (self._end.position.seq, self._end.head):
            yield ChainFault(AuditPosition(chain, seq), ChainRule.HEAD_DIFFERS)
        for position in sorted(self._sealed):
            if position.chain == chain and position.seq > seq:
                yield ChainFault(position, ChainRule.EVENT_MISSING)
