# SPDX-License-Identifier: Apache-2.0
"""The commands of a security domain, by instruction (GP 2.3.1, table 11-1)."""

from collections.abc import Callable

from applets.virtual.chip import CardState
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from applets.virtual.security_domain.delete import delete
from applets.virtual.security_domain.get_data import get_data
from applets.virtual.security_domain.get_status import get_status
from applets.virtual.security_domain.install import install
from applets.virtual.security_domain.load import load
from applets.virtual.security_domain.put_key import put_key
from applets.virtual.security_domain.set_status import set_status
from applets.virtual.security_domain.store_data import store_data
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv

MAX_DATA_LENGTH = 0xFF  # of a command data field, for the host's information (GP table 11-83)
GET_DATA = 0xCA

_COMMANDS: dict[int, Callable[[Runtime, Frame], ResponseApdu]] = {
    GET_DATA: get_data,
    0xD8: put_key,
    0xE2: store_data,
    0xE4: delete,
    0xE6: install,
    0xE8: load,
    0xF0: set_status,
    0xF2: get_status,
}
_OF_ANY_DOMAIN = frozenset({GET_DATA, 0xD8, 0xE2, 0xF2})


def process(runtime: Runtime, command: Frame) -> ResponseApdu:
    """One command. 6D00 unknown, 6E00 in a class that it has not, 6985 where only the issuer's domain may."""
    handler = _COMMANDS.get(command.ins)
    if handler is None:
        raise Refused(StatusWord.INS_NOT_SUPPORTED)
    if command.plain_cla != 0x80 and command.ins != GET_DATA:
        raise Refused(StatusWord.CLA_NOT_SUPPORTED)
    if runtime.application is not None and command.ins not in _OF_ANY_DOMAIN:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    return handler(runtime, command)


def answer_to_select(runtime: Runtime) -> ResponseApdu:
    """FCI (GP 11.9.3); 6283 says that the card is locked."""
    fci = Tlv(0x6F, Tlv(0x84, runtime.transient.selected) + Tlv(0xA5, Tlv(0x9F65, bytes([MAX_DATA_LENGTH]))))
    locked = runtime.chip.life_cycle == CardState.CARD_LOCKED
    return ResponseApdu(bytes(fci), StatusWord.SELECTED_BUT_LOCKED if locked else StatusWord.SUCCESS)
