# SPDX-License-Identifier: Apache-2.0
"""Requests about single values: seal, unseal, a partner's signature, blind index, pseudonym."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from hsm.limits.partner_secrets import SIGNATURE_LENGTH
from hsm.wire.requests import Request
from hsm.wire.wire_fields import Fields

MAX_VALUES = 1024  # in one request
MAX_VALUE_LENGTH = 64 * 1024
MAX_SEALED_LENGTH = MAX_VALUE_LENGTH + 128
MAX_INDEXED_LENGTH = 256
MAX_SUBJECT_LENGTH = 64
MAX_SIGNED_LENGTH = 16 * 1024


@dataclass(frozen=True, slots=True)
class SealValues(Request):
    """Seal (context, value) pairs. Answer: the sealed values."""

    values: Sequence[tuple[str, bytes]] = field(repr=False)
    operation: ClassVar[str] = "seal"

    @property
    def weight(self) -> int:
        """One per value."""
        return len(self.values)

    def to_wire(self) -> list[object]:
        """The pairs."""
        return [[[context, value] for context, value in self.values]]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """The pairs."""
        values = []
        for pair in fields.each("values", MAX_VALUES):
            values.append((pair.name("context"), pair.octets("value", range(MAX_VALUE_LENGTH + 1))))
            pair.end()
        fields.end()
        return cls(values)


@dataclass(frozen=True, slots=True)
class UnsealValue(Request):
    """Open one sealed value, for a reason that is recorded. Answer: the value. Each opening is counted, so never repeated."""

    context: str
    sealed: bytes = field(repr=False)
    reason: str
    operation: ClassVar[str] = "unseal"
    repeatable: ClassVar[bool] = False

    def to_wire(self) -> list[object]:
        """Context, sealed value, reason."""
        return [self.context, self.sealed, self.reason]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """Context, sealed value, reason."""
        request = cls(
            fields.name("context"), fields.octets("sealed value", range(MAX_SEALED_LENGTH + 1)), fields.note("reason")
        )
        fields.end()
        return request


@dataclass(frozen=True, slots=True)
class CheckPartnerSignature(Request):
    """Is this HMAC-SHA512 of what was signed, under the secret in this sealed value? Answer: 1 or 0, and never a signature."""

    context: str
    sealed: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    operation: ClassVar[str] = "check-partner-signature"

    def to_wire(self) -> list[object]:
        """Context, sealed secret, what was signed, signature."""
        return [self.context, self.sealed, self.signed, self.signature]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """Context, sealed secret, what was signed, signature."""
        request = cls(
            fields.name("context"),
            fields.octets("sealed value", range(MAX_SEALED_LENGTH + 1)),
            fields.octets("signed", range(1, MAX_SIGNED_LENGTH + 1)),
            fields.octets("signature", [SIGNATURE_LENGTH]),
        )
        fields.end()
        return request


@dataclass(frozen=True, slots=True)
class MakeBlindIndexes(Request):
    """Fingerprint values. Answer: 16 bytes each."""

    values: Sequence[bytes] = field(repr=False)
    operation: ClassVar[str] = "blind-index"

    @property
    def weight(self) -> int:
        """One per value."""
        return len(self.values)

    def to_wire(self) -> list[object]:
        """The values."""
        return [list(self.values)]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """The values."""
        values = []
        for item in fields.each("values", MAX_VALUES):
            values.append(item.octets("value", range(1, MAX_INDEXED_LENGTH + 1)))
            item.end()
        fields.end()
        return cls(values)


@dataclass(frozen=True, slots=True)
class MakePseudonym(Request):
    """One subject's name in one sector. Answer: 16 bytes."""

    sector: int
    subject: bytes = field(repr=False)
    operation: ClassVar[str] = "pseudonym"

    def to_wire(self) -> list[object]:
        """Sector and subject."""
        return [self.sector, self.subject]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """Sector and subject."""
        request = cls(fields.number("sector", 0xFF), fields.octets("subject", range(1, MAX_SUBJECT_LENGTH + 1)))
        fields.end()
        return request
