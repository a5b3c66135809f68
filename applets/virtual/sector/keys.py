# SPDX-License-Identifier: Apache-2.0
"""The sector's keys: its P-256 key, made on the card, and its SCP03 set (docs/card-edge.md, "Which keys open which channel")."""

from dataclasses import replace

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.generate_template import demand_p256, public_key_template
from applets.virtual.runtime import Runtime
from applets.virtual.sector.memory import commit, memory_of
from applets.virtual.security_domain.get_data import key_information
from applets.virtual.security_domain.put_key import SEVERAL_FROM_1, answer, place_key_set, read_keys
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

KEY_VERSIONS = range(0x30, 0x40)
KEY_LENGTHS = frozenset({16, 32})
KEY_INFORMATION = (0x00, 0xE0)


def generate(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 47 00 00 05 AC 03 80 01 11 00`` -> ``7F49 { 86 41 point }``; the old key is gone in the same write."""
    if command.p1 or command.p2:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    runtime.demand_mac()  # a public key comes back, and nothing secret goes in
    demand_p256(command.data)
    return ResponseApdu(make_key_pair(runtime, runtime.transient.selected), StatusWord.SUCCESS)


def make_key_pair(runtime: Runtime, aid: bytes) -> bytes:
    """Make the pair of a sector in one write; its public key template."""
    scalar = runtime.new_scalar()
    template = public_key_template(runtime, scalar)
    commit(runtime, replace(memory_of(runtime, aid), key=scalar), aid)
    return template


def put_key(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80 D8 00 81`` first, ``80 D8 KVN 81`` to replace the set of that version, under the DEK of the set that opened the channel."""
    channel = runtime.demand_encryption()
    if command.p2 != SEVERAL_FROM_1 or command.p1 not in {0x00, *KEY_VERSIONS}:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    placed = place_keys(runtime, runtime.transient.selected, command.p1, command.data, channel.dek)
    return ResponseApdu(placed, StatusWord.SUCCESS)


def place_keys(runtime: Runtime, aid: bytes, replaced: int, data: bytes, dek: bytes) -> bytes:
    """The key set of a PUT KEY data field, placed in one write; the answer, version and check values. 6A80 bad data, 6982 wrong check value."""
    version, keys = read_keys(data, SEVERAL_FROM_1, dek)
    own = runtime.chip.key_sets_of(aid)
    # A sector has one set: what is there is replaced, nothing is added beside it.
    if version not in KEY_VERSIONS or len(keys[0].value) not in KEY_LENGTHS or (own and not replaced):
        raise Refused(StatusWord.WRONG_DATA)
    changed = place_key_set(own, replaced, version, keys)
    runtime.image.commit(runtime.chip.with_key_sets(aid, changed))
    return answer(version, keys)


def get_key_information(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80 CA 00 E0 00``: the sector's own keys; 6A88 without any, or for another object."""
    if (command.p1, command.p2) != KEY_INFORMATION:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    return ResponseApdu(key_information(runtime.chip.key_sets_of(runtime.transient.selected)), StatusWord.SUCCESS)
