# SPDX-License-Identifier: Apache-2.0
"""A far end that is no key process: it behaves as a test tells it."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hsm.process.listening_socket import listen
from tests.hsm.running import short_folder


@contextmanager
def answering(behaviour: Callable[[socket.socket], None], *, calls: int = 1) -> Iterator[Path]:
    """A far end that behaves as told on each connection, and picks up no more than ``calls`` of them."""
    with short_folder() as folder:
        listening = listen(folder / "s")
        enough, over = socket.socketpair()

        def behave(peer: socket.socket) -> None:
            with peer:
                behaviour(peer)

        def serve() -> None:
            talking = []
            for _ in range(calls):
                if listening not in select.select([listening, over], [], [])[0]:
                    break
                talking.append(threading.Thread(target=behave, args=(listening.accept()[0],)))
                talking[-1].start()
            for each in talking:
                each.join()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield folder / "s"
        finally:
            enough.close()
            thread.join()
            over.close()
            listening.close()
