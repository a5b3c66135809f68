# SPDX-License-Identifier: Apache-2.0
"""The vpcd side of a software card, against a slot that speaks the protocol byte by byte."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from applets.virtual.card import ATR, VirtualCard
from applets.virtual.errors import CardTorn
from applets.virtual.image import Image
from applets.virtual.runtime import Interface
from applets.virtual.tear import Tear, TearMode
from applets.virtual.vpcd import serve
from tests.stock_tools.conftest import ROOT
from tests.stock_tools.holder import Issued

SELECT_ISD = bytes.fromhex("00A4040000")
CARD_DATA = bytes.fromhex("80CA006600")
INITIALIZE = bytes.fromhex("8050000008000000000000000100")


class Slot:
    """vpcd as a card meets it: it listens, and sends frames of length(2) | payload."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(10)
        self.port: int = self._listening.getsockname()[1]
        self._card: socket.socket | None = None

    def accept(self) -> None:
        self._card, _ = self._listening.accept()
        self._card.settimeout(10)

    def tell(self, payload: bytes) -> None:
        assert self._card is not None
        self._card.sendall(len(payload).to_bytes(2, "big"))
        self._card.sendall(payload)

    def ask(self, payload: bytes) -> bytes:
        self.tell(payload)
        return self._read(int.from_bytes(self._read(2), "big"))

    def close(self) -> None:
        if self._card is not None:
            self._card.close()
        self._listening.close()

    def _read(self, length: int) -> bytes:
        assert self._card is not None
        received = b""
        while len(received) < length:
            part = self._card.recv(length - len(received))
            if not part:
                raise EOFError
            received += part
        return received


@pytest.fixture
def slot() -> Iterator[Slot]:
    made = Slot()
    yield made
    made.close()


def serving(
    card: VirtualCard, slot: Slot, stop: threading.Event, ended: list[BaseException | None]
) -> threading.Thread:
    def run() -> None:
        try:
            serve(card, "127.0.0.1", slot.port, stop)
            ended.append(None)
        except CardTorn as torn:
            ended.append(torn)

    thread = threading.Thread(target=run)
    thread.start()
    slot.accept()
    return thread


@pytest.mark.parametrize("interface", list(Interface))
def test_power_atr_and_commands(slot: Slot, issued: Issued, interface: Interface) -> None:
    stop, ended = threading.Event(), list[BaseException | None]()
    card = VirtualCard(Image.open(issued.image, fsync=False), interface=interface)
    thread = serving(card, slot, stop, ended)
    slot.tell(b"\x01")
    assert slot.ask(b"\x04") == ATR[interface]
    assert slot.ask(SELECT_ISD)[-2:] == b"\x90\x00"
    slot.tell(b"\x00")
    slot.tell(b"\x02")
    assert slot.ask(SELECT_ISD)[-2:] == b"\x90\x00"
    stop.set()
    thread.join(5)
    assert ended == [None]


def test_the_card_leaves_when_the_reader_goes(slot: Slot, issued: Issued) -> None:
    ended = list[BaseException | None]()
    thread = serving(VirtualCard(Image.open(issued.image)), slot, threading.Event(), ended)
    slot.close()
    thread.join(5)
    assert ended == [None]


def test_a_drill_takes_the_card_out_of_the_slot(slot: Slot, issued: Issued) -> None:
    ended = list[BaseException | None]()
    card = VirtualCard(Image.open(issued.image, fsync=False), tear=Tear(TearMode.BEFORE, 2))
    thread = serving(card, slot, threading.Event(), ended)
    slot.ask(CARD_DATA)
    with pytest.raises((EOFError, ConnectionError)):
        slot.ask(CARD_DATA)
    thread.join(5)
    assert isinstance(ended[0], CardTorn)


def test_the_command_line(slot: Slot, issued: Issued, tmp_path: Path) -> None:
    Image.open(issued.image).arm(Tear(TearMode.AFTER, 1))
    command = [sys.executable, "-m", "applets.virtual.vpcd"]
    process = subprocess.Popen(
        [*command, str(issued.image), "--port", str(slot.port)], cwd=ROOT, stderr=subprocess.PIPE
    )
    slot.accept()
    with pytest.raises((EOFError, ConnectionError)):
        slot.ask(INITIALIZE)
    _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (3, b"virtual-card-torn (mode=after)\n")
    missing = subprocess.run([*command, str(tmp_path / "none")], cwd=ROOT, capture_output=True, check=False)
    assert (missing.returncode, missing.stdout) == (1, b"")
    assert missing.stderr.startswith(b"virtual-card-image")
