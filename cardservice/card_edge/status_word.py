# SPDX-License-Identifier: Apache-2.0
"""Status words (ISO/IEC 7816-4, 5.6; GlobalPlatform 2.3.1, 11.1.3; SP 800-73 part 2, table 6) as values with meanings."""

from enum import IntEnum


class StatusWord(IntEnum):
    """The status words that a card of ours, or a host talking to one, knows by name."""

    SUCCESS = 0x9000
    SELECTED_BUT_LOCKED = 0x6283
    MORE_DATA = 0x6310
    AUTHENTICATION_FAILED = 0x6300
    EXECUTION_ERROR = 0x6400
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    LOGICAL_CHANNEL_NOT_SUPPORTED = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    LAST_COMMAND_OF_CHAIN_EXPECTED = 0x6883
    CHAINING_NOT_SUPPORTED = 0x6884
    SECURITY_STATUS_NOT_SATISFIED = 0x6982
    AUTHENTICATION_METHOD_BLOCKED = 0x6983
    CONDITIONS_NOT_SATISFIED = 0x6985
    SECURE_MESSAGING_OBJECT_MISSING = 0x6987
    SECURE_MESSAGING_OBJECT_INCORRECT = 0x6988
    WRONG_DATA = 0x6A80
    FUNCTION_NOT_SUPPORTED = 0x6A81
    NOT_FOUND = 0x6A82
    NOT_ENOUGH_MEMORY = 0x6A84
    INCORRECT_P1_P2 = 0x6A86
    REFERENCED_DATA_NOT_FOUND = 0x6A88
    INS_NOT_SUPPORTED = 0x6D00
    CLA_NOT_SUPPORTED = 0x6E00


_MEANINGS = {
    StatusWord.SUCCESS: "done",
    StatusWord.SELECTED_BUT_LOCKED: "selected, but the card is locked",
    StatusWord.MORE_DATA: "done, more data can be asked for",
    StatusWord.AUTHENTICATION_FAILED: "authentication of the host failed",
    StatusWord.EXECUTION_ERROR: "no specific diagnosis",
    StatusWord.MEMORY_FAILURE: "memory failure",
    StatusWord.WRONG_LENGTH: "wrong length",
    StatusWord.LOGICAL_CHANNEL_NOT_SUPPORTED: "logical channel not supported",
    StatusWord.SECURE_MESSAGING_NOT_SUPPORTED: "secure messaging not supported",
    StatusWord.LAST_COMMAND_OF_CHAIN_EXPECTED: "the last command of the chain was expected",
    StatusWord.CHAINING_NOT_SUPPORTED: "command chaining not supported",
    StatusWord.SECURITY_STATUS_NOT_SATISFIED: "security status not satisfied",
    StatusWord.AUTHENTICATION_METHOD_BLOCKED: "PIN or PUK blocked",
    StatusWord.CONDITIONS_NOT_SATISFIED: "conditions of use not satisfied",
    StatusWord.SECURE_MESSAGING_OBJECT_MISSING: "secure messaging object missing",
    StatusWord.SECURE_MESSAGING_OBJECT_INCORRECT: "secure messaging object incorrect",
    StatusWord.WRONG_DATA: "wrong data",
    StatusWord.FUNCTION_NOT_SUPPORTED: "function not supported",
    StatusWord.NOT_FOUND: "application or object not found",
    StatusWord.NOT_ENOUGH_MEMORY: "not enough memory",
    StatusWord.INCORRECT_P1_P2: "incorrect P1 or P2",
    StatusWord.REFERENCED_DATA_NOT_FOUND: "referenced data not found",
    StatusWord.INS_NOT_SUPPORTED: "instruction not supported",
    StatusWord.CLA_NOT_SUPPORTED: "class not supported",
}


def meaning(sw: int) -> str:
    """What a status word says, in plain English; families (61xx, 63Cx, 6Cxx) with their number."""
    if sw in _MEANINGS:
        return _MEANINGS[StatusWord(sw)]
    high, low = sw >> 8, sw & 0xFF
    if high == 0x61:
        return f"done, {low or 256} more bytes to fetch"
    if high == 0x6C:
        return f"wrong Le, {low or 256} bytes are there"
    if sw & 0xFFF0 == 0x63C0:
        return f"wrong PIN or PUK, {sw & 0x0F} tries left"
    families = {0x62: "warning, memory unchanged", 0x63: "warning, memory changed", 0x64: "error, memory unchanged"}
    return families.get(high, "unknown status")


def carries_data(sw: int) -> bool:
    """Whether a response with this status may carry data and must carry an R-MAC: 9000 and the warnings 62xx, 63xx (Amendment D, 6.2.5)."""
    return sw == StatusWord.SUCCESS or sw >> 8 in {0x62, 0x63}


def tries_left(sw: int) -> int | None:
    """Tries that remain according to 63Cx (0 for 6983), None for any other status word."""
    if sw == StatusWord.AUTHENTICATION_METHOD_BLOCKED:
        return 0
    return sw & 0x0F if sw & 0xFFF0 == 0x63C0 else None
