# SPDX-License-Identifier: Apache-2.0
"""What every verb of the custody program is given beside its options: where it runs, the clock, and who listens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hsm.custody.conversation import Conversation
from hsm.keys.randomness import Randomness
from hsm.process.production import Environment
from hsm.stores.sealed_file import Argon2Parameters


@dataclass(frozen=True, slots=True)
class Circumstances:
    """``cost`` is what a custodian's passphrase costs to try; ``randomness`` makes names, backup keys and salts."""

    environment: Environment
    clock: Callable[[], datetime]
    randomness: Randomness
    conversation: Conversation
    cost: Argon2Parameters
