# SPDX-License-Identifier: Apache-2.0
"""What lies beside the keys in a token: CKO_DATA objects, each authenticated by a key of the token (AES-CMAC), each change a new revision.

A record is CBOR ``[name, revision, state, content]`` and its CMAC (16 bytes). SoftHSM and others never change a data object's value, and a change that is
interrupted must leave the old or the new one: so the next revision is written first, then the one before is destroyed, and of several the highest counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import cbor2
import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11.exceptions import FunctionFailed, ObjectHandleInvalid

from hsm.errors import TokenRecordDamaged
from hsm.pkcs11.library_calls import cmac

APPLICATION: Final = "kartu"
TAG_LENGTH: Final = 16
_LISTINGS = 3


class State(StrEnum):
    """How far a change has come. What is not ``kept`` is an intent that was interrupted, and doesn't count."""

    INTENDED = "intended"
    KEPT = "kept"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One record and the data objects that hold its revisions."""

    name: str
    revision: int
    state: State
    content: bytes
    objects: tuple[Any, ...] = ()


def records_in(session: pkcs11.Session, record_key: Any) -> dict[str, TokenRecord]:
    """The records of a token, by name. Raises TokenRecordDamaged for one that the record key did not authenticate."""
    found: dict[str, TokenRecord] = {}
    for data in objects_of(session, {Attribute.CLASS: ObjectClass.DATA, Attribute.APPLICATION: APPLICATION}):
        record = _read(data, record_key)
        other = found.get(record.name)
        newest = record if other is None or record.revision > other.revision else other
        objects = (*(other.objects if other else ()), data)
        found[record.name] = TokenRecord(newest.name, newest.revision, newest.state, newest.content, objects)
    return found


def write_record(
    session: pkcs11.Session, record_key: Any, before: TokenRecord | None, name: str, state: State, content: bytes
) -> TokenRecord:
    """Write a record, then destroy what it replaces."""
    revision = before.revision + 1 if before else 1
    body = cbor2.dumps([name, revision, str(state), content])
    data = session.create_object(
        {
            Attribute.CLASS: ObjectClass.DATA,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: True,
            Attribute.MODIFIABLE: False,
            Attribute.APPLICATION: APPLICATION,
            Attribute.LABEL: name,
            Attribute.VALUE: body + cmac(record_key, body),
        }
    )
    if before:
        erase_record(before)
    return TokenRecord(name, revision, state, content, (data,))


def erase_record(record: TokenRecord) -> None:
    """Destroy all revisions, the oldest first."""
    for data in record.objects:
        data.destroy()


def objects_of(session: pkcs11.Session, attributes: dict[Attribute, Any]) -> Iterator[Any]:
    """Objects with these attributes. One that vanishes or is empty while they are listed means listing again."""
    for listing in range(_LISTINGS):
        try:
            yield from list(session.get_objects(attributes))
        except (ObjectHandleInvalid, FunctionFailed):
            if listing == _LISTINGS - 1:
                raise
        else:
            return


def _read(data: Any, record_key: Any) -> TokenRecord:
    label = str(data[Attribute.LABEL])
    value = bytes(data[Attribute.VALUE])
    body, tag = value[:-TAG_LENGTH], value[-TAG_LENGTH:]
    if record_key is None or len(tag) != TAG_LENGTH or cmac(record_key, body) != tag:
        raise TokenRecordDamaged(record=label)
    try:
        name, revision, state, content = cbor2.loads(body)
        return TokenRecord(str(name), int(revision), State(state), bytes(content))
    except (cbor2.CBORDecodeError, ValueError, TypeError):
        raise TokenRecordDamaged(record=label) from None
