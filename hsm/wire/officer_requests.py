# SPDX-License-Identifier: Apache-2.0
"""Requests that need a grant of officers: opening many sealed values, and lifting an anomaly limit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from hsm.limits.grants import MAX_SIGNATURES, MAX_STATEMENT_LENGTH, SIGNATURE_LENGTH, Grant
from hsm.wire.requests import Request
from hsm.wire.value_requests import MAX_SEALED_LENGTH, MAX_VALUES
from hsm.wire.wire_fields import Fields

MAX_UID = 0xFFFF_FFFE


@dataclass(frozen=True, slots=True)
class UnsealMany(Request):
    """Open many sealed values, for a reason, by grant of two officers. Answer: the values in order; one that does not open fails all."""

    values: Sequence[tuple[str, bytes]] = field(repr=False)
    reason: str
    grant: Grant
    operation: ClassVar[str] = "unseal-many"
    repeatable: ClassVar[bool] = False

    @property
    def weight(self) -> int:
        """One per value."""
        return len(self.values)

    def to_wire(self) -> list[object]:
        """(context, sealed value) pairs, reason, grant."""
        return [[[context, sealed] for context, sealed in self.values], self.reason, _grant_to_wire(self.grant)]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """(context, sealed value) pairs, reason, grant."""
        values = []
        for pair in fields.each("values", MAX_VALUES):
            values.append((pair.name("context"), pair.octets("sealed value", range(MAX_SEALED_LENGTH + 1))))
            pair.end()
        request = cls(values, fields.note("reason"), _grant_from_wire(fields))
        fields.end()
        return request


@dataclass(frozen=True, slots=True)
class LiftAnomaly(Request):
    """Let a caller ask an operation again, by grant of one officer. Answer: null."""

    limited: str
    uid: int
    reason: str
    grant: Grant
    operation: ClassVar[str] = "lift-anomaly"
    repeatable: ClassVar[bool] = False

    def to_wire(self) -> list[object]:
        """Operation, user id, reason, grant."""
        return [self.limited, self.uid, self.reason, _grant_to_wire(self.grant)]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """Operation, user id, reason, grant."""
        request = cls(
            fields.name("operation"), fields.number("uid", MAX_UID), fields.note("reason"), _grant_from_wire(fields)
        )
        fields.end()
        return request


def _grant_to_wire(grant: Grant) -> list[object]:
    return [grant.statement, [[name, signature] for name, signature in grant.signatures]]


def _grant_from_wire(fields: Fields) -> Grant:
    inner = fields.inner("grant")
    statement = inner.octets("statement", range(1, MAX_STATEMENT_LENGTH + 1))
    signatures = []
    for each in inner.each("signatures", MAX_SIGNATURES):
        signatures.append((each.name("officer"), each.octets("signature", (SIGNATURE_LENGTH,))))
        each.end()
    inner.end()
    return Grant(statement, signatures)
