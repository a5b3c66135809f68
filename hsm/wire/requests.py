# SPDX-License-Identifier: Apache-2.0
"""What a request to the key process is, and the requests about itself: is it there, which keys does it publish.

On the wire a request is ``[operation, field, ...]``, the fields of its class in order.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from cardservice.keys import Purpose
from hsm.wire.wire_fields import Fields

SIGNING_PURPOSES = (Purpose.CARD_CA, Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF, Purpose.AUDIT, Purpose.RECEIPT)


class Request(ABC):
    """One typed request. One that is not ``repeatable`` is never sent twice, not even when its answer was lost."""

    __slots__ = ()
    operation: ClassVar[str]
    repeatable: ClassVar[bool] = True

    @property
    def weight(self) -> int:
        """How many single answers it asks for; the rate limit counts these."""
        return 1

    @abstractmethod
    def to_wire(self) -> list[object]:
        """The fields in order."""

    @classmethod
    @abstractmethod
    def from_wire(cls, fields: Fields) -> Self:
        """The inverse of ``to_wire``. Raises MalformedRequest."""


@dataclass(frozen=True, slots=True)
class Ping(Request):
    """Is anybody there? Answer: the name of the back end."""

    operation: ClassVar[str] = "ping"

    def to_wire(self) -> list[object]:
        """No fields."""
        return []

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """No fields."""
        fields.end()
        return cls()


@dataclass(frozen=True, slots=True)
class ShowCaCertificate(Request):
    """The card CA's own certificate. Answer: DER."""

    operation: ClassVar[str] = "show-ca-certificate"

    def to_wire(self) -> list[object]:
        """No fields."""
        return []

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """No fields."""
        fields.end()
        return cls()


@dataclass(frozen=True, slots=True)
class ListVerifyingKeys(Request):
    """The published keys of one signing purpose. Answer: ``[[kid, point], ...]``, the one that signs now first."""

    purpose: Purpose
    operation: ClassVar[str] = "list-verifying-keys"

    def to_wire(self) -> list[object]:
        """The purpose."""
        return [str(self.purpose)]

    @classmethod
    def from_wire(cls, fields: Fields) -> Self:
        """The purpose."""
        purpose = Purpose(fields.word("purpose", SIGNING_PURPOSES))
        fields.end()
        return cls(purpose)
