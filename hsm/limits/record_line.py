# SPDX-License-Identifier: Apache-2.0
"""The record of what must not happen unrecorded: a line on a descriptor, written whole or refused. No record, no opening."""

import os
from collections.abc import Callable
from datetime import datetime

from hsm.errors import NotRecorded


class RecordLine:
    """Writes to ``descriptor``, past the logging module, which swallows errors."""

    def __init__(self, descriptor: int, clock: Callable[[], datetime]) -> None:
        self._descriptor = descriptor
        self._clock = clock

    def __call__(self, told: str) -> None:
        """Raises NotRecorded."""
        line = f"{self._clock():%Y-%m-%d %H:%M:%S,%f}"[:-3] + f" hsm RECORD pid={os.getpid()} {told}\n"
        rest = line.encode()
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise NotRecorded(rule=error.strerror or "the log can't be written") from None
