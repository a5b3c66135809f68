# SPDX-License-Identifier: Apache-2.0
"""PIV by instruction: SELECT's template and the commands (SP 800-73-5 part 2, 3.1 to 3.3)."""

from collections.abc import Callable

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.piv.change_reference_data import change_reference_data
from applets.virtual.piv.general_authenticate import general_authenticate
from applets.virtual.piv.generate import generate
from applets.virtual.piv.objects import get_data, put_data
from applets.virtual.piv.reset_retry_counter import reset_retry_counter
from applets.virtual.piv.verify import verify
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv

GET_DATA = 0xCB
LABEL = b"KJS PIV"
PIX = bytes.fromhex("000010000100")
RID = bytes.fromhex("A000000308")
PROPERTY_TEMPLATE = bytes(
    Tlv(
        0x61,
        Tlv(0x4F, PIX)
        + Tlv(0x79, Tlv(0x4F, RID))
        + Tlv(0x50, LABEL)
        + Tlv(0xAC, Tlv(0x80, b"\x11") + Tlv(0x06, b"\x00")),  # P-256 only
    )
)

_COMMANDS: dict[int, Callable[[Runtime, Frame], ResponseApdu]] = {
    0x20: verify,
    0x24: change_reference_data,
    0x2C: reset_retry_counter,
    0x47: generate,
    0x87: general_authenticate,
    GET_DATA: get_data,
    0xDB: put_data,
}
# SP 800-73-5 part 2, 3.2 and 3.3: what an open contactless interface answers beside GET DATA of the discovery object.
_REFUSED_OVER_AIR = {
    0x20: StatusWord.FUNCTION_NOT_SUPPORTED,
    0x24: StatusWord.FUNCTION_NOT_SUPPORTED,
    0x2C: StatusWord.FUNCTION_NOT_SUPPORTED,
    0x47: StatusWord.SECURITY_STATUS_NOT_SATISFIED,
    0x87: StatusWord.SECURITY_STATUS_NOT_SATISFIED,
    0xDB: StatusWord.SECURITY_STATUS_NOT_SATISFIED,
}


def process(runtime: Runtime, command: Frame) -> ResponseApdu:
    """One command. 6D00 unknown, 6E00 in the proprietary class."""
    handler = _COMMANDS.get(command.ins)
    if handler is None:
        raise Refused(StatusWord.INS_NOT_SUPPORTED)
    if command.plain_cla:
        raise Refused(StatusWord.CLA_NOT_SUPPORTED)
    if runtime.contactless and command.ins in _REFUSED_OVER_AIR:
        raise Refused(_REFUSED_OVER_AIR[command.ins])
    return handler(runtime, command)


def answer_to_select(_: Runtime) -> ResponseApdu:
    """The application property template (table 3)."""
    return ResponseApdu(PROPERTY_TEMPLATE, StatusWord.SUCCESS)
