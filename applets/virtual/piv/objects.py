# SPDX-License-Identifier: Apache-2.0
"""GET DATA and PUT DATA (SP 800-73-5 part 2, 3.1.2 and 3.3.1): each object carries its own access rule."""

from dataclasses import replace
from enum import Enum

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.piv.memory import commit, memory_of
from applets.virtual.piv.tag_list import TAG_LIST, tags_of
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv, parse_all

ALL_OBJECTS = (0x3F, 0xFF)
DATA = 0x53
DISCOVERY = 0x7E
BIT_GROUP = 0x7F61
MAX_OBJECT = 0xC00  # bytes of one object: above every minimum container size but the face
DEFAULT_DISCOVERY = bytes.fromhex("4F0BA0000003080000100001005F2F024000")


class Read(Enum):
    """Who may read over contacts; over the air only the discovery object is read (docs/card-edge.md)."""

    ALWAYS = "always"
    PIN = "pin"


# SP 800-73-5 part 1, table 2.
RULES: dict[int, Read] = {
    DISCOVERY: Read.ALWAYS,
    BIT_GROUP: Read.ALWAYS,
    0x5FC101: Read.ALWAYS,  # certificate 9E
    0x5FC102: Read.ALWAYS,  # CHUID
    0x5FC103: Read.PIN,  # fingerprints
    0x5FC105: Read.ALWAYS,  # certificate 9A
    0x5FC106: Read.ALWAYS,  # security object
    0x5FC107: Read.ALWAYS,  # CCC
    0x5FC108: Read.PIN,  # facial image
    0x5FC109: Read.PIN,  # printed information
    0x5FC10A: Read.ALWAYS,  # certificate 9C
    0x5FC10B: Read.ALWAYS,  # certificate 9D
    0x5FC10C: Read.ALWAYS,  # key history
    **dict.fromkeys(range(0x5FC10D, 0x5FC121), Read.ALWAYS),  # retired certificates
    0x5FC121: Read.PIN,  # iris
    0x5FC122: Read.ALWAYS,  # secure messaging certificate
    0x5FC123: Read.PIN,  # pairing code
}


def get_data(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 CB 3F FF Lc 5C len tag.. 00``. 6A86 P1 P2, 6A80 no tag list or over 16 tags, 6982 access, 6A82 nothing there.

    Several tags (decision 0093): the objects one after another; the first that would be refused alone refuses all.
    """
    _demand_all_objects(command)
    found = b"".join(_readable(runtime, tag) for tag in tags_of(_listed(command.data)))
    return ResponseApdu(found, StatusWord.SUCCESS)


def _readable(runtime: Runtime, tag: int) -> bytes:
    rule = RULES.get(tag)
    if rule is None:
        raise Refused(StatusWord.NOT_FOUND)
    if runtime.contactless and tag != DISCOVERY:
        raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
    if rule is Read.PIN and not runtime.transient.pin_verified:
        raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
    content = memory_of(runtime).objects.get(tag, DEFAULT_DISCOVERY if tag == DISCOVERY else None)
    if content is None:
        raise Refused(StatusWord.NOT_FOUND)
    wrapper = tag if tag in {DISCOVERY, BIT_GROUP} else DATA
    return Tlv(wrapper, content)


def put_data(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 DB 3F FF Lc 5C len tag 53 len data`` (``53 00`` deletes). 6982 without a channel, 6A82 unknown object, 6A84 too large."""
    _demand_all_objects(command)
    runtime.demand_encryption()
    # 7E and 7F61 come without a tag list: they are their own name.
    if command.data[:1] == b"\x7e" or command.data[:2] == b"\x7f\x61":
        tag, rest = 0, command.data
    else:
        tag, rest = _tag_list(command.data)
    element = _single(rest)
    tag = tag or element.tag
    if tag in RULES and element.tag != (tag if tag in {DISCOVERY, BIT_GROUP} else DATA):
        raise Refused(StatusWord.WRONG_DATA)
    store_object(runtime, runtime.transient.selected, tag, element.value)
    return ResponseApdu(b"", StatusWord.SUCCESS)


def store_object(runtime: Runtime, aid: bytes, tag: int, content: bytes) -> None:
    """Keep one object of a PIV instance, in one write; no content deletes it. 6A82 unknown object, 6A84 too large."""
    if tag not in RULES:
        raise Refused(StatusWord.NOT_FOUND)
    if len(content) > MAX_OBJECT:
        raise Refused(StatusWord.NOT_ENOUGH_MEMORY)
    memory = memory_of(runtime, aid)
    objects = {name: value for name, value in memory.objects.items() if name != tag}
    if content:
        objects[tag] = content
    commit(runtime, replace(memory, objects=objects), aid)


def _demand_all_objects(command: Frame) -> None:
    if (command.p1, command.p2) != ALL_OBJECTS:
        raise Refused(StatusWord.INCORRECT_P1_P2)


def _tag_list(data: bytes) -> tuple[int, bytes]:
    """The one tag of a leading ``5C`` and what follows it."""
    if len(data) < 3 or data[0] != TAG_LIST or not 1 <= data[1] <= 3 or len(data) < 2 + data[1]:
        raise Refused(StatusWord.WRONG_DATA)
    return int.from_bytes(data[2 : 2 + data[1]], "big"), data[2 + data[1] :]


def _listed(data: bytes) -> bytes:
    """The value of a 5C that fills the data field."""
    element = _single(data)
    if element.tag != TAG_LIST:
        raise Refused(StatusWord.WRONG_DATA)
    return element.value


def _single(data: bytes) -> Tlv:
    try:
        elements = parse_all(data)
    except MalformedTlv:
        raise Refused(StatusWord.WRONG_DATA) from None
    if len(elements) != 1:
        raise Refused(StatusWord.WRONG_DATA)
    return elements[0]
