# SPDX-License-Identifier: Apache-2.0
"""APDUs per second, in process and through a pcscd of our own: the same card image, the same command, the same driver as at the desk."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from applets.virtual.card import VirtualCard
from applets.virtual.factory import blank_chip
from applets.virtual.image import Image
from cardservice.card_edge.dialogue import Card
from cardservice.card_edge.globalplatform.get_data import CARD_PRODUCTION_LIFE_CYCLE, get_data
from cardservice.clock import monotonic
from cardservice.errors import KartuError
from hsm.stores.key_generation import WELL_KNOWN_TRANSPORT_MASTER
from reader_tools.pcsc.driver import PcscCard
from reader_tools.pcsc.readers import CardPresence
from reader_tools.pcsc.survey import survey
from reader_tools.virtual.private_pcscd import READERS, PrivatePcscd, missing

COMMAND = get_data(CARD_PRODUCTION_LIFE_CYCLE).encode()  # 5 bytes out, 47 in, nothing written
ROUNDS = 7
BATCH = 300
SEEN_SECONDS = 10.0


class NotMeasured(KartuError):
    """What keeps this machine from measuring; ``reason`` says it in a sentence."""

    code = "bench-not-measured"


def rates() -> tuple[float, float, float]:
    """APDUs per second in process, through pcscd, and the median of the ratios of interleaved rounds. Raises NotMeasured."""
    with TemporaryDirectory(prefix="kartu-bench-") as folder:
        path = Path(folder) / "card"
        blank_chip(entropy=secrets.token_bytes, transport_master=WELL_KNOWN_TRANSPORT_MASTER).stored_at(path)
        # In process a second look at the same image, so that both pay for the file behind the card.
        inside = VirtualCard(Image.open(path, fsync=False), delay=lambda _: None)
        with _behind_pcscd(path) as outside:
            pairs = [(_rate(inside), _rate(outside)) for _ in range(ROUNDS)]
    return median(a for a, _ in pairs), median(b for _, b in pairs), median(b / a for a, b in pairs)


def rate_in_process() -> float:
    """APDUs per second of the software card by itself, its image in memory."""
    image = blank_chip(entropy=secrets.token_bytes, transport_master=WELL_KNOWN_TRANSPORT_MASTER)
    card = VirtualCard(image, delay=lambda _: None)
    return median(_rate(card) for _ in range(ROUNDS))


def _rate(card: Card) -> float:
    began = monotonic()
    for _ in range(BATCH):
        card.transmit(COMMAND)
    return BATCH / (monotonic() - began)


@contextmanager
def _behind_pcscd(path: Path) -> Iterator[Card]:
    reason = missing()
    if reason is not None:
        raise NotMeasured(reason=reason)
    with PrivatePcscd() as service, service.joined():
        command = [sys.executable, "-m", "applets.virtual.vpcd", str(path), "--port", str(service.port), "--no-fsync"]
        card = subprocess.Popen(command, cwd=Path(__file__).parents[1])
        try:
            _await_card(service, lambda: card.poll() is None)
            with PcscCard(READERS[0]) as connected:
                yield connected
        except KartuError as trouble:
            raise NotMeasured(reason=str(trouble)) from trouble
        finally:
            card.terminate()
            card.wait()


def _await_card(service: PrivatePcscd, alive: Callable[[], bool]) -> None:
    end = monotonic() + SEEN_SECONDS
    while monotonic() < end and alive():
        if any(reader.card is CardPresence.PRESENT for reader in survey()):
            return
        time.sleep(0.1)
    raise NotMeasured(reason=f"pcscd {service.pid} of {os.getpid()} saw no card")
