# SPDX-License-Identifier: Apache-2.0
"""The process that drives one reader: ``python -m reader_tools.pcsc.worker READER``, messages on standard input and output.

SCardTransmit has no timeout and a silent card blocks it for ever, so it runs where it can be killed. The card is ours alone from
connect to end (exclusive, in a transaction) and is left reset and without power: no PIN stays verified behind us.
"""

import os
import sys
import time
from dataclasses import dataclass
from typing import Any

from cardservice.errors import KartuError
from reader_tools.errors import ReaderLibraryMissing
from reader_tools.pcsc.frame import Frame, Kind, PipeClosed, receive, send
from reader_tools.pcsc.return_code import COMM_DATA_LOST, NOT_TRANSACTED, SUCCESS, on_open_context, unsigned
from reader_tools.pcsc.scard import Context, establish

UNPOWERED_CARD = 0x8010_0067
NO_SMARTCARD = 0x8010_000C
REMOVED_CARD = 0x8010_0069
AMBIGUOUS = frozenset({NOT_TRANSACTED, COMM_DATA_LOST})  # "no answer": because mute, or because gone?
SETTLE_SECONDS = 1.0  # pcscd looks for the card every 400 ms


class Refused(Exception):
    """PC/SC said no; ``code`` is its return code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"0x{unsigned(code):08X}")
        self.code = unsigned(code)


@dataclass(frozen=True, slots=True)
class Connection:
    """One card, held exclusively."""

    context: Context
    reader: str
    card: Any
    protocol: int
    atr: bytes

    def transmit(self, command: bytes) -> bytes:
        """SCardTransmit. Raises Refused."""
        scard = self.context.library
        pci = scard.SCARD_PCI_T1 if self.protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
        code, response = scard.SCardTransmit(self.card, pci, list(command))
        code = on_open_context(code)
        # Some drivers report a card that leaves in the middle of a command as a success without an answer.
        silent = code in AMBIGUOUS or (code == SUCCESS and not response)
        if code == NO_SMARTCARD or (silent and self._gone()):
            raise Refused(REMOVED_CARD)
        _check(code)
        return bytes(part & 0xFF for part in response)

    def close(self) -> None:
        """End the transaction with a reset, power the card down, let it go."""
        scard = self.context.library
        scard.SCardEndTransaction(self.card, scard.SCARD_RESET_CARD)
        scard.SCardDisconnect(self.card, scard.SCARD_UNPOWER_CARD)
        self.context.release()

    def _gone(self) -> bool:
        scard = self.context.library
        code, news = self.context.status_change(0, [(self.reader, scard.SCARD_STATE_UNAWARE)])
        if code == SUCCESS and news[0][1] & scard.SCARD_STATE_PRESENT:
            known = news[0][1] & ~scard.SCARD_STATE_CHANGED
            code, news = self.context.status_change(SETTLE_SECONDS, [(self.reader, known)])
        return code == SUCCESS and bool(news[0][1] & scard.SCARD_STATE_EMPTY)


def connect(reader: str) -> Connection:
    """Take the card in a reader for ourselves. Raises Refused, or the typed errors of ``establish``."""
    context = establish()
    scard = context.library
    mode, protocols = scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    code, card, protocol = scard.SCardConnect(context.handle, reader, mode, protocols)
    if unsigned(code) == UNPOWERED_CARD:
        # One card was taken out and another put in between two looks of pcscd: it notices at the next.
        time.sleep(SETTLE_SECONDS)
        code, card, protocol = scard.SCardConnect(context.handle, reader, mode, protocols)
    _check(code)
    _check(scard.SCardBeginTransaction(card))
    code, _, _, _, atr = scard.SCardStatus(card)
    _check(code)
    return Connection(context, reader, card, protocol, bytes(atr))


def serve(reader: str, requests: int, answers: int) -> None:
    """Connect, then answer TRANSMIT until END or until the driver has gone."""
    try:
        connection = connect(reader)
    except Refused as refused:
        send(answers, _pcsc_error(refused.code))
        return
    except ReaderLibraryMissing as missing:
        send(answers, Frame(Kind.LIBRARY_MISSING, str(missing.evidence["library"]).encode()))
        return
    except KartuError as error:
        send(answers, _pcsc_error(int(str(error.evidence["pcsc"]), 16)))
        return
    try:
        send(answers, Frame(Kind.OPENED, connection.atr))
        while (request := receive(requests)).kind is Kind.TRANSMIT:
            try:
                send(answers, Frame(Kind.RESPONSE, connection.transmit(request.payload)))
            except Refused as refused:
                send(answers, _pcsc_error(refused.code))
    except PipeClosed:
        pass  # the driver has gone: let the card go too
    finally:
        connection.close()


def _check(code: int) -> None:
    if unsigned(code) != SUCCESS:
        raise Refused(code)


def _pcsc_error(code: int) -> Frame:
    return Frame(Kind.PCSC_ERROR, code.to_bytes(4, "big"))


if __name__ == "__main__":
    # Standard output carries messages: whatever a library prints must not get between them.
    answers = os.dup(1)
    os.dup2(2, 1)
    serve(sys.argv[1], 0, answers)
