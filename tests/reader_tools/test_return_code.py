# SPDX-License-Identifier: Apache-2.0
"""PC/SC return codes: every one that pyscard knows has its error, and the ones that people meet have the right one."""

import pytest

from reader_tools.errors import (
    CardMute,
    CardRemoved,
    CardReset,
    CardUnpowered,
    CardUnsupported,
    NoCard,
    NoReader,
    ReaderAccessDenied,
    ReaderBusy,
    ReaderFault,
    ReaderServiceDown,
    ReaderToolsError,
    ReaderUnknown,
    ReaderUnplugged,
)
from reader_tools.pcsc.return_code import error_for, on_open_context


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0x8010001D, ReaderServiceDown),
        (0x8010001E, ReaderServiceDown),
        (0x80100013, ReaderServiceDown),
        (0x8010002E, NoReader),
        (0x8010000C, NoCard),
        (0x80100069, CardRemoved),
        (0x80100068, CardReset),
        (0x80100066, CardMute),
        (0x8010000B, ReaderBusy),
        (0x8010006A, ReaderAccessDenied),
        (0x80100009, ReaderUnknown),
        (0x80100017, ReaderUnplugged),
        (0x80100065, CardUnsupported),
        (0x80100067, CardUnpowered),
        (0x8010002F, CardMute),
        (0x80100001, ReaderFault),
        (0x80100006, ReaderFault),
        (0x8010FFFF, ReaderFault),
    ],
)
def test_the_error_of_a_code(code: int, kind: type[ReaderToolsError]) -> None:
    error = error_for(code, reader="R")
    assert type(error) is kind
    assert error.evidence == {"reader": "R", "pcsc": f"0x{code:08X}"}


def test_pyscards_negative_numbers_are_the_same_codes() -> None:
    assert type(error_for(0x8010000C - (1 << 32))) is NoCard


def test_a_refusal_on_a_context_that_was_granted_is_a_service_that_hung_up() -> None:
    """Only SCardEstablishContext and SCardConnect ask polkit; the same code later must not send people to its rules."""
    assert type(error_for(0x8010006A)) is ReaderAccessDenied
    assert type(error_for(on_open_context(0x8010006A))) is ReaderServiceDown
    assert on_open_context(0x8010000C - (1 << 32)) == 0x8010000C
