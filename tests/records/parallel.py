# SPDX-License-Identifier: Apache-2.0
"""Many callers at the same moment."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from cardservice.errors import KartuError

CALLERS = 16


def race(act: Callable[[int], object], callers: int = CALLERS) -> Counter[str]:
    """Let every caller act at once; count "done" and the codes of the errors. Anything but a KartuError is not expected."""
    barrier = threading.Barrier(callers)

    def one(number: int) -> str:
        barrier.wait()
        try:
            act(number)
        except KartuError as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(callers) as pool:
        return Counter(pool.map(one, range(callers)))
