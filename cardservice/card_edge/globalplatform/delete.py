# SPDX-License-Identifier: Apache-2.0
"""DELETE of card content and of keys (GlobalPlatform 11.2)."""

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import MalformedApdu
from cardservice.card_edge.tlv import Tlv

OBJECT = 0x00  # P2
OBJECT_AND_RELATED = 0x80  # P2: a load file with all its instances


def delete(aid: bytes, *, related: bool = False) -> CommandApdu:
    """Delete an application or a load file; ``related`` takes a load file's instances along."""
    return CommandApdu(0x80, 0xE4, 0x00, OBJECT_AND_RELATED if related else OBJECT, Tlv(0x4F, aid), SHORT_LE_MAX)


def delete_key(*, key_identifier: int | None = None, key_version_number: int | None = None) -> CommandApdu:
    """Delete the keys with this identifier, of this version, or both (11.2.2.3.2). Raises MalformedApdu where neither is given."""
    data = b""
    if key_identifier is not None:
        data += Tlv(0xD0, bytes([key_identifier]))
    if key_version_number is not None:
        data += Tlv(0xD2, bytes([key_version_number]))
    if not data:
        raise MalformedApdu(rule="DELETE of keys names an identifier or a version")
    return CommandApdu(0x80, 0xE4, 0x00, OBJECT, data, SHORT_LE_MAX)


def delete_key_set(key_version_number: int) -> CommandApdu:
    """Delete all keys of one version."""
    return delete_key(key_version_number=key_version_number)
