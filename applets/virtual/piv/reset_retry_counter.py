# SPDX-License-Identifier: Apache-2.0
"""RESET RETRY COUNTER (SP 800-73-5 part 2, 3.2.3): the PUK gives a new PIN."""

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.piv.reference_data import LENGTH, PIN, PUK, demand_form, prove, reference, renew
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord


def reset_retry_counter(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 2C 00 80 10 PUK newPIN``: 63Cx counts the PUK's tries, 6983 says that it is blocked."""
    if command.p1:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if command.p2 != PIN:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    if len(command.data) != 2 * LENGTH:
        raise Refused(StatusWord.WRONG_LENGTH)
    puk, new = command.data[:LENGTH], command.data[LENGTH:]
    if not reference(runtime, PUK).tries:
        raise Refused(StatusWord.AUTHENTICATION_METHOD_BLOCKED)
    demand_form(PIN, new)
    prove(runtime, PUK, puk)
    runtime.transient.pin_verified = False
    renew(runtime, PIN, new)
    return ResponseApdu(b"", StatusWord.SUCCESS)
