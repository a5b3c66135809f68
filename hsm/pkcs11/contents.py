# SPDX-License-Identifier: Apache-2.0
"""All that a token holds for us, found once, audited and recognised: keys with their descriptions, the CA's certificate, records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import cbor2
import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11.exceptions import PKCS11Error

from hsm.errors import KeyObjectWrong, TokenRecordDamaged
from hsm.keys.key_description_wire import description_from_wire, description_to_wire
from hsm.keys.key_identifier import cose_kid
from hsm.keys.key_store import KeyDescription
from hsm.pkcs11.key_templates import Role, refuse_wrong_attributes, role_of
from hsm.pkcs11.recognition import Marks, is_recognised
from hsm.pkcs11.records import State, TokenRecord, objects_of, records_in

RECORD_KEY_ID: Final = b"kartu-records"
BACKUP_KEY_ID: Final = b"kartu-backup"
KEY, PUBLIC = "key/", "public/"  # beginnings of record names
CERTIFICATE: Final = "ca-certificate"
BACKUP: Final = "backup-key"


@dataclass(slots=True)
class TokenKey:
    """A key in the token: what is known of it, and its handle, which is good until the token is lost."""

    description: KeyDescription
    marks: Marks
    handle: Any
    subkey: bytes = b""  # K1 of a master, once KDF3 asked for it

    @property
    def name(self) -> str:
        """As errors name it."""
        about = self.description
        return f"{about.purpose} {about.version} {about.kid}"


@dataclass(slots=True)
class TokenContents:
    """What is in the token now."""

    record_key: Any
    records: dict[str, TokenRecord]
    keys: dict[str, TokenKey]  # by kid
    backup: tuple[Any, Marks] | None

    @property
    def certificate(self) -> bytes:
        """The CA's certificate, empty if there is none."""
        record = self.records.get(CERTIFICATE)
        return record.content if record else b""

    @property
    def public_records(self) -> dict[str, bytes]:
        """The records that custody keeps for others, by their names."""
        public = (name for name in self.records if name.startswith(PUBLIC))
        return {name.removeprefix(PUBLIC): self.records[name].content for name in public}


def contents_of(session: pkcs11.Session) -> TokenContents:
    """Find, audit and recognise everything. Raises KeyAttributeWrong, KeyObjectWrong, TokenRecordDamaged or PKCS11Error."""
    by_identifier = _keys_by_identifier(session)
    record_key = _only_one(by_identifier, RECORD_KEY_ID, "the key of the records", may_lack=True)
    if record_key is not None:
        refuse_wrong_attributes(record_key, Role.RECORDS, "the key of the records")
    records = records_in(session, record_key)
    keys = {}
    for record in records.values():
        if record.name.startswith(KEY):
            identifier = cose_kid(record.name.removeprefix(KEY))
            if record.state is not State.KEPT:  # an intent that was interrupted: its object, if any, is nobody's key
                by_identifier.pop(identifier, None)
                continue
            key = _recognised_key(session, record, _only_one(by_identifier, identifier, record.name))
            keys[key.description.kid] = key
    backup = None
    if BACKUP in records:
        handle = _only_one(by_identifier, BACKUP_KEY_ID, "the backup key")
        marks = marks_from_wire(_map_in(records[BACKUP]))
        refuse_wrong_attributes(handle, Role.BACKUP, "the backup key")
        _refuse_unrecognised(session, handle, Role.BACKUP, marks, "the backup key")
        backup = (handle, marks)
    else:
        by_identifier.pop(BACKUP_KEY_ID, None)  # left by a custody session that was interrupted
    for strangers in by_identifier.values():
        raise KeyObjectWrong(key=_label_of(strangers[0]), rule="nothing describes it")
    _refuse_strange_public_keys(session, keys)
    return TokenContents(record_key, records, keys, backup)


def key_content(description: KeyDescription, marks: Marks) -> bytes:
    """A key's record: its description and marks."""
    return cbor2.dumps(description_to_wire(description) | marks_to_wire(marks))


def marks_to_wire(marks: Marks) -> dict[str, object]:
    """Marks as a CBOR map."""
    return {"check_value": marks.check_value, "point": marks.point, "wrap_check": marks.wrap_check}


def marks_from_wire(wire: Mapping[str, Any]) -> Marks:
    """The inverse."""
    return Marks(bytes(wire["check_value"]), bytes(wire["point"]), bytes(wire["wrap_check"]))


def _recognised_key(session: pkcs11.Session, record: TokenRecord, handle: Any) -> TokenKey:
    wire = _map_in(record)
    try:
        key = TokenKey(description_from_wire(wire), marks_from_wire(wire), handle)
    except (KeyError, ValueError, TypeError, OverflowError):
        raise TokenRecordDamaged(record=record.name) from None
    role = role_of(key.description.purpose)
    refuse_wrong_attributes(handle, role, key.name)
    _refuse_unrecognised(session, handle, role, key.marks, key.name)
    return key


def _refuse_unrecognised(session: pkcs11.Session, handle: Any, role: Role, marks: Marks, name: str) -> None:
    if not is_recognised(session, handle, role, marks):
        raise KeyObjectWrong(key=name, rule="it is another key than the one described")


def _keys_by_identifier(session: pkcs11.Session) -> dict[bytes, list[Any]]:
    found: dict[bytes, list[Any]] = {}
    for kind in (ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY):
        for key in objects_of(session, {Attribute.CLASS: kind, Attribute.TOKEN: True}):
            found.setdefault(bytes(key[Attribute.ID]), []).append(key)
    return found


def _refuse_strange_public_keys(session: pkcs11.Session, keys: Mapping[str, TokenKey]) -> None:
    """Some tokens show the public half of each private key; none is used here, but whoever looks into the token may believe it."""
    points = {cose_kid(kid): key.marks.point for kid, key in keys.items() if key.marks.point}
    for public in objects_of(session, {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.TOKEN: True}):
        point = points.get(bytes(public[Attribute.ID]))
        if point is None:
            raise KeyObjectWrong(key=_label_of(public), rule="nothing describes it")
        try:
            shown = bytes(public[Attribute.EC_POINT])
        except PKCS11Error:
            shown = b""
        if shown[-len(point) :] != point:  # an OCTET STRING in some modules, bare in others; the point is its end
            raise KeyObjectWrong(key=_label_of(public), rule="it is the public half of another key")


def _only_one(keys: dict[bytes, list[Any]], identifier: bytes, name: str, *, may_lack: bool = False) -> Any:
    found = keys.pop(identifier, [])
    if len(found) == 1 or (may_lack and not found):
        return found[0] if found else None
    raise KeyObjectWrong(key=name, rule=f"{len(found)} objects have its CKA_ID")


def _map_in(record: TokenRecord) -> dict[str, Any]:
    content = cbor2.loads(record.content)
    if not isinstance(content, dict):
        raise TokenRecordDamaged(record=record.name)
    return content


def _label_of(key: Any) -> str:
    try:
        return str(key[Attribute.LABEL])
    except PKCS11Error:
        return "without a label"
