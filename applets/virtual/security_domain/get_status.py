# SPDX-License-Identifier: Apache-2.0
"""GET STATUS (GP 2.3.1, 11.4): the registry in TLV form, told in parts with 6310."""

from applets.virtual.chip import ISD_AID, Application, Chip, LoadFile
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv, parse_dict

ISSUER_DOMAIN, APPLICATIONS, LOAD_FILES, LOAD_FILES_AND_MODULES = 0x80, 0x40, 0x20, 0x10
FIRST = 0x02
NEXT = 0x03
PART = 0xDF  # bytes of entries in one answer, so that R-ENC and R-MAC still fit a short response
ISD_PRIVILEGES = bytes.fromhex("9EFE80")
LOADED = 0x01
_AID, _LIFE_CYCLE, _PRIVILEGES, _VERSION = 0x4F, 0x9F70, 0xC5, 0xCE
_MODULE, _LOAD_FILE, _DOMAIN, _TAG_LIST = 0x84, 0xC4, 0xCC, 0x5C
_ENTRY = 0xE3


def get_status(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80 F2 P1 02/03``. 6A88 where nothing fits, 6A86 for another P1 or P2, 6985 for a "next" without a first."""
    runtime.demand_authenticated()
    transient = runtime.transient
    question = (command.p1, 0, command.data)
    listing, transient.listing = transient.listing, None
    if command.p1 not in {ISSUER_DOMAIN, APPLICATIONS, LOAD_FILES, LOAD_FILES_AND_MODULES}:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if command.p2 == NEXT:
        if listing is None or listing[0] != question:
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
        entries = listing[1]
    elif command.p2 == FIRST:
        entries = _entries(runtime.chip, command.p1, *_criteria(command.data))
    else:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if not entries:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    told, rest = _part(entries)
    if rest:
        transient.listing = (question, rest)
    return ResponseApdu(b"".join(told), StatusWord.MORE_DATA if rest else StatusWord.SUCCESS)


def _criteria(data: bytes) -> tuple[bytes, bytes | None]:
    """The AID prefix that is searched for, and the tag list if one is given."""
    try:
        fields = parse_dict(data)
    except MalformedTlv:
        raise Refused(StatusWord.WRONG_DATA) from None
    if _AID not in fields or fields.keys() - {_AID, _TAG_LIST}:
        raise Refused(StatusWord.WRONG_DATA)
    return fields[_AID], fields.get(_TAG_LIST)


def _entries(chip: Chip, subset: int, prefix: bytes, tags: bytes | None) -> tuple[bytes, ...]:
    if subset == ISSUER_DOMAIN:
        found = [
            (
                ISD_AID,
                [Tlv(_AID, ISD_AID), Tlv(_LIFE_CYCLE, bytes([chip.life_cycle])), Tlv(_PRIVILEGES, ISD_PRIVILEGES)],
            )
        ]
    elif subset == APPLICATIONS:
        found = [(entry.aid, _application(entry)) for entry in chip.applications]
    else:
        modules = subset == LOAD_FILES_AND_MODULES
        found = [(entry.aid, _load_file(entry, modules=modules)) for entry in chip.load_files]
    return tuple(
        bytes(Tlv(_ENTRY, b"".join(field for field in fields if _wanted(field, tags))))
        for aid, fields in found
        if aid.startswith(prefix)
    )


def _application(entry: Application) -> list[Tlv]:
    return [
        Tlv(_AID, entry.aid),
        Tlv(_LIFE_CYCLE, bytes([entry.life_cycle])),
        Tlv(_PRIVILEGES, entry.privileges),
        Tlv(_LOAD_FILE, entry.load_file),
        Tlv(_DOMAIN, entry.domain),
    ]


def _load_file(entry: LoadFile, *, modules: bool) -> list[Tlv]:
    fields = [Tlv(_AID, entry.aid), Tlv(_LIFE_CYCLE, bytes([LOADED])), Tlv(_VERSION, entry.version)]
    if modules:
        fields += [Tlv(_MODULE, module) for module in entry.modules]
    return [*fields, Tlv(_DOMAIN, entry.domain)]


def _wanted(field: Tlv, tags: bytes | None) -> bool:
    """A tag list (5C) names the fields that are told; without one all are. 4F is always told."""
    if tags is None or field.tag == _AID:
        return True
    encoded = field.tag.to_bytes(2 if field.tag > 0xFF else 1, "big")
    return encoded in _tags(tags)


def _tags(encoded: bytes) -> set[bytes]:
    tags: set[bytes] = set()
    offset = 0
    while offset < len(encoded):
        width = 2 if encoded[offset] & 0x1F == 0x1F else 1
        tags.add(encoded[offset : offset + width])
        offset += width
    return tags


def _part(entries: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """As many whole entries as one answer holds, at least one, and the rest."""
    length = len(entries[0])
    count = 1
    while count < len(entries) and length + len(entries[count]) <= PART:
        length += len(entries[count])
        count += 1
    return entries[:count], entries[count:]
