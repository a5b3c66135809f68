# SPDX-License-Identifier: Apache-2.0
"""The PC/SC driver at a real pcscd: what it leaves behind, and each way it can fail."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from reader_tools.errors import (
    CardRemoved,
    CardTimeout,
    CommandNotShort,
    NoCard,
    ReaderBusy,
    ReaderLibraryMissing,
    ReaderServiceDown,
    ReaderToolsError,
    ReaderUnknown,
    ReaderWorkerLost,
)
from reader_tools.pcsc.driver import PcscCard
from reader_tools.pcsc.readers import CardPresence
from reader_tools.pcsc.survey import survey
from tests.private_pcscd import READERS, PrivatePcscd, require
from tests.reader_tools.conftest import Settled
from tests.reader_tools.raw_card import ATR, POWER_OFF, RESET, RawCard

pytestmark = pytest.mark.needs("pcscd", "pyscard")
SELECT = bytes.fromhex("00A4040000")
OK = bytes.fromhex("9000")
PATIENCE = 60.0  # seconds in which what says nothing has not spoken before we give it up, on any machine


def answers_ok(_command: bytes) -> bytes:
    return OK


def test_a_command_reaches_the_card_and_its_answer_comes_back(pcscd: PrivatePcscd, settled: Settled) -> None:
    with RawCard(pcscd.port, lambda command: command[:4] + OK) as card:
        settled(CardPresence.PRESENT)
        with PcscCard(READERS[0]) as ours:
            assert ours.atr == ATR
            assert ours.transmit(SELECT) == SELECT[:4] + OK
        assert card.commands == [SELECT]


def test_the_card_is_left_reset_or_without_power(pcscd: PrivatePcscd, settled: Settled) -> None:
    """Else the PIN stays verified for whoever connects next."""
    with RawCard(pcscd.port, answers_ok) as card:
        settled(CardPresence.PRESENT)
        with PcscCard(READERS[0]) as ours:
            ours.transmit(SELECT)
            before = len(card.power)
        assert {RESET, POWER_OFF} & set(card.power[before:])


def test_the_card_is_reset_even_if_the_worker_is_killed(pcscd: PrivatePcscd, settled: Settled) -> None:
    with RawCard(pcscd.port, answers_ok) as card:
        settled(CardPresence.PRESENT)
        with PcscCard(READERS[0]) as ours:
            assert ours._worker is not None
            before = len(card.power)
            ours._worker.send_signal(signal.SIGKILL)
            with pytest.raises(ReaderWorkerLost):
                ours.transmit(SELECT)
        deadline = time.monotonic() + 3
        while not {RESET, POWER_OFF} & set(card.power[before:]):
            assert time.monotonic() < deadline, "nobody reset the card"
            time.sleep(0.05)


def test_an_empty_reader_is_no_card(settled: Settled) -> None:
    settled(CardPresence.EMPTY)
    with pytest.raises(NoCard) as raised, PcscCard(READERS[0]):
        pass
    assert raised.value.evidence == {"reader": READERS[0], "pcsc": "0x8010000C"}


@pytest.mark.usefixtures("pcscd")
def test_a_name_that_no_reader_has() -> None:
    with pytest.raises(ReaderUnknown), PcscCard("No such reader"):
        pass


def test_a_card_in_use_is_busy(pcscd: PrivatePcscd, settled: Settled) -> None:
    with RawCard(pcscd.port, answers_ok):
        settled(CardPresence.PRESENT)
        with PcscCard(READERS[0]) as first:
            assert survey()[0].card is CardPresence.BUSY
            with pytest.raises(ReaderBusy), PcscCard(READERS[0]):
                pass
            assert first.transmit(SELECT) == OK


def test_a_card_that_leaves_is_removed_and_stays_so(pcscd: PrivatePcscd, settled: Settled) -> None:
    with RawCard(pcscd.port, answers_ok) as card:
        settled(CardPresence.PRESENT)
        with PcscCard(READERS[0]) as ours:
            ours.transmit(SELECT)
            card.leave()
            with pytest.raises(CardRemoved):
                ours.transmit(SELECT)
            with pytest.raises(CardRemoved):
                ours.transmit(SELECT)


def test_a_silent_card_is_given_up_in_time_and_another_reader_works_on(pcscd: PrivatePcscd, settled: Settled) -> None:
    given_up = threading.Event()
    slept: list[bool] = []

    def sleeps(_command: bytes) -> bytes:
        slept.append(given_up.wait(PATIENCE))
        return OK

    with RawCard(pcscd.port, sleeps), RawCard(pcscd.port + 1, answers_ok):
        settled(CardPresence.PRESENT)
        with pytest.raises(CardTimeout) as raised, PcscCard(READERS[0], apdu_seconds=1.0) as ours:
            ours.transmit(SELECT)
        assert not slept  # the card has not woken yet
        assert raised.value.evidence == {"reader": READERS[0], "limit": 1.0, "of": "APDU"}
        with PcscCard(READERS[1]) as other:
            assert other.transmit(SELECT) == OK
        given_up.set()


def test_a_card_that_is_slow_for_ever_meets_the_limit_of_the_dialogue(pcscd: PrivatePcscd, settled: Settled) -> None:
    def slow(_command: bytes) -> bytes:
        time.sleep(0.2)
        return OK

    with RawCard(pcscd.port, slow):
        settled(CardPresence.PRESENT)
        with PcscCard(READERS[0], dialogue_seconds=1.0) as ours, pytest.raises(CardTimeout) as raised:
            _transmit_often(ours)
        assert raised.value.evidence["of"] == "dialogue"


def test_a_frozen_service_is_given_up_in_time() -> None:
    require()
    with PrivatePcscd() as service, service.joined():
        os.kill(service.pid, signal.SIGSTOP)
        waking = threading.Timer(PATIENCE, os.kill, (service.pid, signal.SIGCONT))
        waking.start()
        with pytest.raises(ReaderServiceDown):
            survey(seconds=2.0)
        with pytest.raises(CardTimeout), PcscCard(READERS[0], apdu_seconds=1.0):
            pass
        assert waking.is_alive()  # the service has not woken yet
        waking.cancel()


def test_a_service_that_dies_under_us_is_down_and_a_new_one_is_used() -> None:
    require()
    with PrivatePcscd() as service, service.joined():
        with RawCard(service.port, answers_ok):
            _wait_for_card()
            with PcscCard(READERS[0]) as ours:
                ours.transmit(SELECT)
                service.kill()
                with pytest.raises(ReaderServiceDown):
                    ours.transmit(SELECT)
            with pytest.raises(ReaderServiceDown):
                survey()
        service.start()
        with RawCard(service.port, answers_ok):
            _wait_for_card()
            with PcscCard(READERS[0]) as ours:
                assert ours.transmit(SELECT) == OK


def test_a_long_command_never_reaches_the_card(pcscd: PrivatePcscd, settled: Settled) -> None:
    with RawCard(pcscd.port, answers_ok) as card:
        settled(CardPresence.PRESENT)
        with PcscCard(READERS[0]) as ours:
            with pytest.raises(CommandNotShort):
                ours.transmit(bytes(262))
            assert ours.transmit(SELECT) == OK
        assert card.commands == [SELECT]


def test_without_pyscard_the_first_use_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hidden = tmp_path / "smartcard"
    hidden.mkdir()
    (hidden / "__init__.py").write_text("raise ImportError('hidden', name='smartcard')")
    monkeypatch.setattr("reader_tools.pcsc.driver.PROJECT", f"{tmp_path}:{Path(__file__).parents[2]}")
    with pytest.raises(ReaderLibraryMissing) as raised, PcscCard(READERS[0]):
        pass
    assert raised.value.evidence == {"library": "smartcard"}


def test_importing_the_desk_needs_no_pyscard() -> None:
    code = "import sys; sys.modules['smartcard'] = None; import reader_tools.reader, reader_tools.pcsc.watch"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_control_without_the_watchdog_a_silent_card_holds_us(settled: Settled, pcscd: PrivatePcscd) -> None:
    """Sabotage: a limit longer than the card's silence. The error then does not come, so the limit is what brings it."""

    def slow(_command: bytes) -> bytes:
        time.sleep(1.5)
        return OK

    with RawCard(pcscd.port, slow):
        settled(CardPresence.PRESENT)
        with PcscCard(READERS[0], apdu_seconds=10.0) as ours:
            assert ours.transmit(SELECT) == OK
        with pytest.raises(ReaderToolsError), PcscCard(READERS[0], apdu_seconds=0.5) as ours:
            ours.transmit(SELECT)


def _transmit_often(card: PcscCard) -> None:
    for _ in range(20):
        card.transmit(SELECT)


def _wait_for_card() -> None:
    deadline = time.monotonic() + 10
    while survey()[0].card is not CardPresence.PRESENT:
        assert time.monotonic() < deadline
        time.sleep(0.1)
