# SPDX-License-Identifier: Apache-2.0
"""CHANGE REFERENCE DATA (SP 800-73-5 part 2, 3.2.2; P1 01, new data only: ISO/IEC 7816-4, 11.6.7, for the issuer)."""

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.piv.reference_data import LENGTH, PIN, demand_form, prove, reference, renew
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

OLD_AND_NEW = 0x00
NEW_ONLY = 0x01


def change_reference_data(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 24 00 80/81 10 old new``, or ``00 24 01 80/81 08 new`` under SCP03."""
    if command.p1 not in {OLD_AND_NEW, NEW_ONLY}:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    reference(runtime, command.p2)
    if command.p1 == NEW_ONLY:
        return _set_by_issuer(runtime, command)
    transient = runtime.transient
    if len(command.data) != 2 * LENGTH:
        raise Refused(StatusWord.WRONG_LENGTH)
    old, new = command.data[:LENGTH], command.data[LENGTH:]
    if not reference(runtime, command.p2).tries:
        raise Refused(StatusWord.AUTHENTICATION_METHOD_BLOCKED)
    demand_form(command.p2, old)
    demand_form(command.p2, new)
    if command.p2 == PIN:
        transient.pin_verified = False
    prove(runtime, command.p2, old)
    renew(runtime, command.p2, new)
    if command.p2 == PIN:
        transient.pin_verified = True
    return ResponseApdu(b"", StatusWord.SUCCESS)


def _set_by_issuer(runtime: Runtime, command: Frame) -> ResponseApdu:
    runtime.demand_encryption()
    if len(command.data) != LENGTH:
        raise Refused(StatusWord.WRONG_LENGTH)
    demand_form(command.p2, command.data)
    if command.p2 == PIN:
        runtime.transient.pin_verified = False
    renew(runtime, command.p2, command.data)
    return ResponseApdu(b"", StatusWord.SUCCESS)
