# SPDX-License-Identifier: Apache-2.0
"""GET STATUS (GlobalPlatform 11.4): the card's registry, as TLV."""

from dataclasses import dataclass
from enum import IntEnum

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.globalplatform.privileges import Privileges
from cardservice.card_edge.tlv import Tlv, parse_all

ENTRY = 0xE3
FIRST_OR_ALL = 0x02  # P2: TLV form, from the start
NEXT = 0x03  # P2: go on after 6310


class StatusScope(IntEnum):
    """P1: which part of the registry."""

    ISSUER_SECURITY_DOMAIN = 0x80
    APPLICATIONS = 0x40  # and supplementary security domains
    LOAD_FILES = 0x20
    LOAD_FILES_AND_MODULES = 0x10


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One E3 (table 11-36)."""

    aid: bytes
    life_cycle: int
    privileges: Privileges | None = None
    load_file: bytes = b""
    security_domain: bytes = b""
    version: bytes = b""
    modules: tuple[bytes, ...] = ()
    implicit_selection: tuple[int, ...] = ()


def get_status(scope: StatusScope, aid_prefix: bytes = b"", *, following: bool = False) -> CommandApdu:
    """Ask for entries whose AID begins with ``aid_prefix``; after 6310 ask again with ``following``."""
    return CommandApdu(0x80, 0xF2, scope, NEXT if following else FIRST_OR_ALL, Tlv(0x4F, aid_prefix), SHORT_LE_MAX)


def parse_status(data: bytes) -> list[RegistryEntry]:
    """Read the E3 of one answer; what 6310 continues is joined by the caller. Raises MalformedTlv, UnexpectedResponse."""
    entries = []
    for element in parse_all(data):
        if element.tag != ENTRY:
            raise UnexpectedResponse(step="GET STATUS", rule="only E3 in the list")
        entries.append(_parse_entry(parse_all(element.value)))
    return entries


def _parse_entry(fields: list[Tlv]) -> RegistryEntry:
    single = {field.tag: field.value for field in fields}
    aid, life_cycle = single.get(0x4F), single.get(0x9F70)
    if aid is None or not life_cycle:
        raise UnexpectedResponse(step="GET STATUS", rule="4F and 9F70 in each entry")
    return RegistryEntry(
        aid,
        life_cycle[0],
        Privileges.parse(single[0xC5]) if 0xC5 in single else None,
        single.get(0xC4, b""),
        single.get(0xCC, b""),
        single.get(0xCE, b""),
        tuple(field.value for field in fields if field.tag == 0x84),
        tuple(field.value[0] for field in fields if field.tag == 0xCF and field.value),
    )
