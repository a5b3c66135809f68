# SPDX-License-Identifier: Apache-2.0
"""The end of a worker that turns its loop no more: an alarm of the kernel's (setitimer(2)), wound again at every look.

The supervisor kills silent workers. But a killed supervisor kills nobody, and a worker that hangs in a call of a token's module hears no
SIGTERM either: it would keep the token for ever. SIGALRM ends it there too, for Python never handles it.
"""

import signal

SILENCE = 15.0  # seconds without a turn of the loop: the worker hangs
START_SECONDS = 30.0  # that a worker has to open the keys
GRACE = 5.0  # seconds longer than the supervisor waits, who can say why


def wind(seconds: float) -> None:
    """End this process in so many seconds, unless it is wound again."""
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE)
