# SPDX-License-Identifier: Apache-2.0
"""Bytes in JSON: base64url without padding (RFC 7515, 2), so many of them and not more."""

from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from api.field_rules import OCTETS, OCTETS_EXACTLY, broken
from cardservice.credentials import base64url


@dataclass(frozen=True, slots=True)
class Octets:
    """Put beside ``bytes``: ``Annotated[bytes, Octets(4, 4)]`` is exactly four."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read from text, or take bytes that we made ourselves; write as text."""
        del source, handler
        return core_schema.no_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                base64url.encode, return_schema=core_schema.str_schema()
            ),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Its documentation."""
        del schema, handler
        return {
            "type": "string",
            "contentEncoding": "base64url",
            "pattern": "^[A-Za-z0-9_-]*$",
            "minLength": _characters(self.least),
            "maxLength": _characters(self.most),
        }

    def _read(self, value: object) -> bytes:
        octets = value if isinstance(value, bytes) else None
        if isinstance(value, str) and len(value) <= _characters(self.most):
            octets = base64url.decode(value)
        if octets is None or not self.least <= len(octets) <= self.most:
            raise broken(OCTETS if self.least < self.most else OCTETS_EXACTLY, least=self.least, most=self.most)
        return octets


def _characters(octets: int) -> int:
    return (octets * 8 + 5) // 6
