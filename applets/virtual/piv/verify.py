# SPDX-License-Identifier: Apache-2.0
"""VERIFY (SP 800-73-5 part 2, 3.2.1): the PIN, the question how many tries are left, and logging out."""

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.piv.reference_data import PIN, TRIES, demand_form, prove, reference
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

LOG_OUT = 0xFF


def verify(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 20 00 80 [08 PIN]`` or ``00 20 FF 80``. 63Cx wrong, 6983 blocked, 6A80 malformed, 6A86 P1, 6A88 P2."""
    transient = runtime.transient
    if command.p1 not in {0x00, LOG_OUT}:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if command.p2 != PIN:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    if command.p1 == LOG_OUT:
        if command.data:
            raise Refused(StatusWord.WRONG_DATA)
        transient.pin_verified = False
        return ResponseApdu(b"", StatusWord.SUCCESS)
    stored = reference(runtime, PIN)
    if not stored.tries:
        transient.pin_verified = False
        raise Refused(StatusWord.AUTHENTICATION_METHOD_BLOCKED)
    if not command.data:
        return ResponseApdu(b"", StatusWord.SUCCESS if transient.pin_verified else TRIES | stored.tries)
    demand_form(PIN, command.data)
    transient.pin_verified = False
    prove(runtime, PIN, command.data)
    transient.pin_verified = transient.pin_fresh = True
    return ResponseApdu(b"", StatusWord.SUCCESS)
