# SPDX-License-Identifier: Apache-2.0
"""DELETE of applications, load files and key sets (GP 2.3.1, 11.2)."""

from dataclasses import replace

from applets.virtual.chip import ISD_AID, Chip
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import parse_dict

AID = 0x4F
TOKEN = 0x9E
CONTROL_REFERENCE = 0xB6
KEY_ID = 0xD0
KEY_VERSION = 0xD2
KEY_IDS = frozenset({1, 2, 3})  # ENC, MAC, DEK: what every set holds
AND_RELATED = 0x80
NO_CONFIRMATION = b"\x00"


def delete(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80 E4 00 00/80``: an object, an object with all that came from it, or a key set. 6A88 not there, 6985 still needed."""
    runtime.demand_mac()
    if command.p1 or command.p2 not in {0x00, AND_RELATED}:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    try:
        fields = parse_dict(command.data)
    except MalformedTlv:
        raise Refused(StatusWord.WRONG_DATA) from None
    if AID in fields and not fields.keys() - {AID, TOKEN, CONTROL_REFERENCE}:
        changed = _without_object(runtime.chip, fields[AID], related=command.p2 == AND_RELATED)
    elif fields and not fields.keys() - {KEY_ID, KEY_VERSION}:
        changed = _without_key_set(runtime.chip, fields)
    else:
        raise Refused(StatusWord.WRONG_DATA)
    runtime.image.commit(changed)
    return ResponseApdu(NO_CONFIRMATION, StatusWord.SUCCESS)


def _without_object(chip: Chip, aid: bytes, *, related: bool) -> Chip:
    application, load_file = chip.application(aid), chip.load_file(aid)
    if aid == ISD_AID:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    if application is not None:
        domains = [entry.domain for entry in chip.load_files]
        domains += [entry.domain for entry in chip.applications if entry.aid != aid]
        if aid in domains:
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)  # a security domain that others belong to
        return replace(chip, applications=tuple(entry for entry in chip.applications if entry.aid != aid))
    if load_file is None:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    if not related and any(entry.load_file == aid for entry in chip.applications):
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    return replace(
        chip,
        load_files=tuple(entry for entry in chip.load_files if entry.aid != aid),
        applications=tuple(entry for entry in chip.applications if entry.load_file != aid),
    )


def _without_key_set(chip: Chip, fields: dict[int, bytes]) -> Chip:
    """A whole set by its version. A set of which one key is missing could open no channel, so D0 names keys that are there, and is refused."""
    if any(len(value) != 1 for value in fields.values()):
        raise Refused(StatusWord.WRONG_DATA)
    version = fields.get(KEY_VERSION)
    kept = tuple(entry for entry in chip.key_sets if version is not None and entry.key_version_number != version[0])
    if len(kept) == len(chip.key_sets) or fields.get(KEY_ID, b"\x01")[0] not in KEY_IDS:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    if KEY_ID in fields or not kept:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)  # without a set nobody could ever manage the card again
    return replace(chip, key_sets=kept)
