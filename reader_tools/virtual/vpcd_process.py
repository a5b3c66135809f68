# SPDX-License-Identifier: Apache-2.0
"""The process that keeps a virtual card in a vpcd slot: ``python -m reader_tools.virtual.vpcd_process IMAGE INTERFACE PORT``.

A drill that tears the card out is a pull and a put back: after a moment outside, the card is in the slot again. A pcscd that restarts
finds its card again too.
"""

import signal
import sys
import threading
from pathlib import Path

from applets.virtual.card import VirtualCard
from applets.virtual.errors import CardTorn
from applets.virtual.image import Image
from applets.virtual.runtime import Interface
from applets.virtual.vpcd import HOST, serve

OUTSIDE_SECONDS = 1.0  # pcscd looks every 400 ms: it must see the slot empty
AGAIN_FIRST = 0.25
AGAIN_MOST = 4.0


def keep_inserted(image: Path, interface: Interface, port: int, stop: threading.Event) -> None:
    """Stay in the slot until ``stop``. Raises ImageUnreadable where the image is gone."""
    pause = AGAIN_FIRST
    while not stop.is_set():
        try:
            serve(VirtualCard(Image.open(image), interface=interface), HOST, port, stop)
            pause = AGAIN_FIRST
        except CardTorn:
            stop.wait(OUTSIDE_SECONDS)
            continue
        except OSError:
            pause = min(2 * pause, AGAIN_MOST)
        stop.wait(pause)


if __name__ == "__main__":
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    keep_inserted(Path(sys.argv[1]), Interface(sys.argv[2]), int(sys.argv[3]), ended)
