# SPDX-License-Identifier: Apache-2.0
"""Plugs a software card into pcscd through vpcd (vsmartcard): ``python -m applets.virtual.vpcd IMAGE [--port N] [--contactless]``.

Frames in both directions: length (2 bytes, big-endian), payload. One-byte payloads from the reader are power off, power on, reset
(no answer) and "what is your ATR"; anything else is an APDU.
"""

import argparse
import contextlib
import signal
import socket
import sys
import threading

from applets.virtual.card import VirtualCard
from applets.virtual.errors import CardTorn, CardUnpowered, ImageUnreadable
from applets.virtual.image import Image
from applets.virtual.runtime import Interface

HOST = "127.0.0.1"
FIRST_SLOT = 35963  # Debian's /etc/reader.conf.d/vpcd: 0x8C7B
POWER_OFF, POWER_ON, RESET, ASK_ATR = 0x00, 0x01, 0x02, 0x04
LENGTH = 2
POLL_SECONDS = 0.2  # how soon ``stop`` is noticed


def serve(card: VirtualCard, host: str = HOST, port: int = FIRST_SLOT, stop: threading.Event | None = None) -> None:
    """Keep the card in a vpcd slot until ``stop`` is set, the reader goes away, or a drill tears the card out.

    Raises CardTorn after the card has left the slot, OSError where no vpcd listens.
    """
    stop = threading.Event() if stop is None else stop
    with socket.create_connection((host, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(POLL_SECONDS)
        while (payload := _receive(connection, stop)) is not None:
            answer = _answer(card, payload)
            if answer is not None:
                connection.sendall(len(answer).to_bytes(LENGTH, "big") + answer)


def _answer(card: VirtualCard, payload: bytes) -> bytes | None:
    if len(payload) != 1:
        try:
            return card.transmit(payload)
        except CardUnpowered:
            card.reset()
            return card.transmit(payload)
    if payload[0] == ASK_ATR:
        return card.atr
    if payload[0] == POWER_OFF:
        card.power_off()
    elif payload[0] in {POWER_ON, RESET}:
        card.reset()
    return None


def _receive(connection: socket.socket, stop: threading.Event) -> bytes | None:
    """One payload, None when it is over."""
    head = _read(connection, LENGTH, stop)
    return None if head is None else _read(connection, int.from_bytes(head, "big"), stop)


def _read(connection: socket.socket, length: int, stop: threading.Event) -> bytes | None:
    received = b""
    while len(received) < length:
        if stop.is_set():
            return None
        with contextlib.suppress(TimeoutError):
            part = connection.recv(length - len(received))
            # Linux goes back to delayed acknowledgements after each read; vpcd then waits 40 ms for every APDU.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            if not part:
                return None
            received += part
    return received


def main(arguments: list[str] | None = None) -> int:
    """The command. Exit codes: 0 ended, 1 no image or no vpcd, 3 the card was torn out by a drill."""
    parser = argparse.ArgumentParser(prog="python -m applets.virtual.vpcd", description=__doc__)
    parser.add_argument("image", help="image file of the chip")
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=FIRST_SLOT)
    parser.add_argument("--contactless", action="store_true", help="behave as on the contactless interface")
    parser.add_argument("--no-fsync", action="store_true", help="faster; only for tests")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    interface = Interface.CONTACTLESS if options.contactless else Interface.CONTACT
    try:
        card = VirtualCard(Image.open(options.image, fsync=not options.no_fsync), interface=interface)
        serve(card, options.host, options.port, stop)
    except CardTorn as torn:
        sys.stderr.write(f"{torn}\n")
        return 3
    except (ImageUnreadable, OSError) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
