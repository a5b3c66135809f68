# SPDX-License-Identifier: Apache-2.0
"""PC/SC return codes (PC/SC part 5; pcsclite.h) and the error each one means at the desk."""

from reader_tools.errors import (
    CardAnswerMalformed,
    CardError,
    CardMute,
    CardRemoved,
    CardReset,
    CardUnpowered,
    CardUnsupported,
    NoCard,
    NoReader,
    ReaderAccessDenied,
    ReaderBusy,
    ReaderError,
    ReaderFault,
    ReaderServiceDown,
    ReaderUnknown,
    ReaderUnplugged,
)

SUCCESS = 0x0000_0000
INVALID_HANDLE = 0x8010_0003
TIMEOUT = 0x8010_000A
NOT_TRANSACTED = 0x8010_0016
SECURITY_VIOLATION = 0x8010_006A
COMM_DATA_LOST = 0x8010_002F
NO_SERVICE = 0x8010_001D
NO_ACCESS = 0x8010_0027
NO_READERS = 0x8010_002E
UNKNOWN_READER = 0x8010_0009

MEANINGS: dict[int, type[ReaderError | CardError]] = {
    0x8010_0001: ReaderFault,  # F_INTERNAL_ERROR
    0x8010_0002: ReaderFault,  # E_CANCELLED
    INVALID_HANDLE: ReaderServiceDown,  # handles die with the service that gave them
    0x8010_0004: ReaderFault,  # E_INVALID_PARAMETER
    0x8010_0005: ReaderFault,  # E_INVALID_TARGET
    0x8010_0006: ReaderFault,  # E_NO_MEMORY
    0x8010_0007: ReaderFault,  # F_WAITED_TOO_LONG
    0x8010_0008: CardAnswerMalformed,  # E_INSUFFICIENT_BUFFER: longer than any answer may be
    UNKNOWN_READER: ReaderUnknown,
    TIMEOUT: CardMute,
    0x8010_000B: ReaderBusy,  # E_SHARING_VIOLATION
    0x8010_000C: NoCard,  # E_NO_SMARTCARD
    0x8010_000D: CardUnsupported,  # E_UNKNOWN_CARD
    0x8010_000F: CardUnsupported,  # E_PROTO_MISMATCH
    0x8010_0010: ReaderFault,  # E_NOT_READY
    0x8010_0013: ReaderServiceDown,  # F_COMM_ERROR: between us and the service, not between reader and card
    0x8010_0014: ReaderFault,  # F_UNKNOWN_ERROR
    0x8010_0015: CardUnsupported,  # E_INVALID_ATR
    NOT_TRANSACTED: CardMute,
    0x8010_0017: ReaderUnplugged,  # E_READER_UNAVAILABLE
    0x8010_001A: ReaderFault,  # E_READER_UNSUPPORTED
    0x8010_001C: CardUnsupported,  # E_CARD_UNSUPPORTED
    NO_SERVICE: ReaderServiceDown,
    0x8010_001E: ReaderServiceDown,  # E_SERVICE_STOPPED
    0x8010_001F: ReaderFault,  # E_UNEXPECTED; pcsclite's E_UNSUPPORTED_FEATURE too
    0x8010_0022: ReaderFault,  # E_UNSUPPORTED_FEATURE
    NO_ACCESS: ReaderAccessDenied,
    NO_READERS: NoReader,
    COMM_DATA_LOST: CardMute,
    0x8010_0031: ReaderFault,  # E_SERVER_TOO_BUSY
    0x8010_0065: CardUnsupported,  # W_UNSUPPORTED_CARD
    0x8010_0066: CardMute,  # W_UNRESPONSIVE_CARD
    0x8010_0067: CardUnpowered,  # W_UNPOWERED_CARD
    0x8010_0068: CardReset,  # W_RESET_CARD
    0x8010_0069: CardRemoved,  # W_REMOVED_CARD
    SECURITY_VIOLATION: ReaderAccessDenied,  # polkit says no
}


def unsigned(code: int) -> int:
    """A return code as pcsclite.h writes it: pyscard gives some as negative numbers."""
    return code & 0xFFFF_FFFF


def on_open_context(code: int) -> int:
    """A return code of a call on a context that was granted, unsigned.

    polkit is asked at SCardEstablishContext and SCardConnect only. Later, pcsclite says SECURITY_VIOLATION when the service hung up on
    it, as one that dies does.
    """
    number = unsigned(code)
    return NO_SERVICE if number == SECURITY_VIOLATION else number


def error_for(code: int, *, reader: str = "") -> ReaderError | CardError:
    """The typed error for a return code other than SUCCESS, with the code as evidence."""
    number = unsigned(code)
    kind = MEANINGS.get(number, ReaderFault)
    shown = f"0x{number:08X}"
    return kind(reader=reader, pcsc=shown) if reader else kind(pcsc=shown)
