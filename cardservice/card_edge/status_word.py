# SPDX-License-Identifier: Apache-2.0
"""Status words (ISO/IEC 7816-4, 5.6; GlobalPlatform 2.3.1, 11.1.3; SP 800-73 part 2, table 6) as values with meanings."""

from enum import IntEnum


class StatusWord(IntEnum):
    """The status words that a card of ours, or a host talking to one, knows by name."""

    SUCCESS = 0x9000
    CORRUPTED_DATA = 0x6281
    END_OF_DATA = 0x6282
    SELECTED_BUT_LOCKED = 0x6283
    AUTHENTICATION_FAILED = 0x6300
    MORE_DATA = 0x6310
    FILLED_UP = 0x6381
    EXECUTION_ERROR = 0x6400
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    LOGICAL_CHANNEL_NOT_SUPPORTED = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    LAST_COMMAND_OF_CHAIN_EXPECTED = 0x6883
    CHAINING_NOT_SUPPORTED = 0x6884
    COMMAND_INCOMPATIBLE = 0x6981
    SECURITY_STATUS_NOT_SATISFIED = 0x6982
    AUTHENTICATION_METHOD_BLOCKED = 0x6983
    REFERENCE_DATA_NOT_USABLE = 0x6984
    CONDITIONS_NOT_SATISFIED = 0x6985
    COMMAND_NOT_ALLOWED = 0x6986
    SECURE_MESSAGING_OBJECT_MISSING = 0x6987
    SECURE_MESSAGING_OBJECT_INCORRECT = 0x6988
    APPLICATION_NOT_SELECTED = 0x6999
    WRONG_DATA = 0x6A80
    FUNCTION_NOT_SUPPORTED = 0x6A81
    NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    NOT_ENOUGH_MEMORY = 0x6A84
    LENGTH_INCONSISTENT_WITH_TLV = 0x6A85
    INCORRECT_P1_P2 = 0x6A86
    LENGTH_INCONSISTENT_WITH_P1_P2 = 0x6A87
    REFERENCED_DATA_NOT_FOUND = 0x6A88
    ALREADY_EXISTS = 0x6A89
    NAME_ALREADY_EXISTS = 0x6A8A
    WRONG_P1_P2 = 0x6B00
    INS_NOT_SUPPORTED = 0x6D00
    CLA_NOT_SUPPORTED = 0x6E00
    NO_PRECISE_DIAGNOSIS = 0x6F00
    ALGORITHM_NOT_SUPPORTED = 0x9484
    INVALID_KEY_CHECK_VALUE = 0x9485


_MEANINGS = {
    StatusWord.SUCCESS: "done",
    StatusWord.CORRUPTED_DATA: "part of the data returned may be corrupted",
    StatusWord.END_OF_DATA: "end of the data before as many bytes as asked for",
    StatusWord.SELECTED_BUT_LOCKED: "selected, but the card is locked",
    StatusWord.AUTHENTICATION_FAILED: "authentication of the host failed",
    StatusWord.MORE_DATA: "done, more data can be asked for",
    StatusWord.FILLED_UP: "filled up by the last write",
    StatusWord.EXECUTION_ERROR: "no specific diagnosis",
    StatusWord.MEMORY_FAILURE: "memory failure",
    StatusWord.WRONG_LENGTH: "wrong length",
    StatusWord.LOGICAL_CHANNEL_NOT_SUPPORTED: "logical channel not supported",
    StatusWord.SECURE_MESSAGING_NOT_SUPPORTED: "secure messaging not supported",
    StatusWord.LAST_COMMAND_OF_CHAIN_EXPECTED: "the last command of the chain was expected",
    StatusWord.CHAINING_NOT_SUPPORTED: "command chaining not supported",
    StatusWord.COMMAND_INCOMPATIBLE: "command incompatible with the structure of the data",
    StatusWord.SECURITY_STATUS_NOT_SATISFIED: "security status not satisfied",
    StatusWord.AUTHENTICATION_METHOD_BLOCKED: "PIN or PUK blocked",
    StatusWord.REFERENCE_DATA_NOT_USABLE: "reference data not usable",
    StatusWord.CONDITIONS_NOT_SATISFIED: "conditions of use not satisfied",
    StatusWord.COMMAND_NOT_ALLOWED: "command not allowed, nothing is selected",
    StatusWord.SECURE_MESSAGING_OBJECT_MISSING: "secure messaging object missing",
    StatusWord.SECURE_MESSAGING_OBJECT_INCORRECT: "secure messaging object incorrect",
    StatusWord.APPLICATION_NOT_SELECTED: "the application could not be selected",
    StatusWord.WRONG_DATA: "wrong data",
    StatusWord.FUNCTION_NOT_SUPPORTED: "function not supported",
    StatusWord.NOT_FOUND: "application or object not found",
    StatusWord.RECORD_NOT_FOUND: "record not found",
    StatusWord.NOT_ENOUGH_MEMORY: "not enough memory",
    StatusWord.LENGTH_INCONSISTENT_WITH_TLV: "length inconsistent with the TLV structure",
    StatusWord.INCORRECT_P1_P2: "incorrect P1 or P2",
    StatusWord.LENGTH_INCONSISTENT_WITH_P1_P2: "length inconsistent with P1 and P2",
    StatusWord.REFERENCED_DATA_NOT_FOUND: "referenced data not found",
    StatusWord.ALREADY_EXISTS: "it exists already",
    StatusWord.NAME_ALREADY_EXISTS: "an application of this name exists already",
    StatusWord.WRONG_P1_P2: "wrong P1 or P2, or an offset past the end",
    StatusWord.INS_NOT_SUPPORTED: "instruction not supported",
    StatusWord.CLA_NOT_SUPPORTED: "class not supported",
    StatusWord.NO_PRECISE_DIAGNOSIS: "the card gives no precise diagnosis",
    StatusWord.ALGORITHM_NOT_SUPPORTED: "algorithm not supported",
    StatusWord.INVALID_KEY_CHECK_VALUE: "invalid key check value",
}

# ISO/IEC 7816-4, table 5: what the first byte alone says.
_FAMILIES = {
    0x62: "warning, memory unchanged",
    0x63: "warning, memory changed",
    0x64: "error, memory unchanged",
    0x65: "error, memory changed",
    0x66: "error of security",
    0x67: "wrong length",
    0x68: "a function of the class byte is not supported",
    0x69: "command not allowed",
    0x6A: "wrong parameters",
    0x6B: "wrong P1 or P2",
    0x6D: "instruction not supported",
    0x6E: "class not supported",
    0x6F: "the card gives no precise diagnosis",
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
    return _FAMILIES.get(high, "unknown status")


def carries_data(sw: int) -> bool:
    """Whether a response with this status may carry data and must carry an R-MAC: 9000 and the warnings 62xx, 63xx (Amendment D, 6.2.5)."""
    return sw == StatusWord.SUCCESS or sw >> 8 in {0x62, 0x63}


def tries_left(sw: int) -> int | None:
    """Tries that remain according to 63Cx (0 for 6983), None for any other status word."""
    if sw == StatusWord.AUTHENTICATION_METHOD_BLOCKED:
        return 0
    return sw & 0x0F if sw & 0xFFF0 == 0x63C0 else None
