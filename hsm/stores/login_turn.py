# SPDX-License-Identifier: Apache-2.0
"""The turn to log in to a token: one process at a time, workers and custody alike.

A login writes to a SoftHSM token (it resets the count of wrong PINs): two at once disturb each other. The lock is a file of the key
process's state folder, and the system opens it again when its holder is killed.
"""

from pathlib import Path

from hsm.machine.locked_memory import LockedMemory

FILE = "login-turn"


def login_turn(state: Path) -> LockedMemory:
    """To be used inside ``with``, around the opening of keys. Raises StateUnusable."""
    return LockedMemory(1, state / FILE)
