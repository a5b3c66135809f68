# SPDX-License-Identifier: Apache-2.0
"""``python -m hsm.custody VERB``: what people do with keys (its frame: hsm/custody/program.py)."""

import os
import sys
from collections.abc import Mapping, Sequence

from cardservice.clock import now
from hsm.custody.circumstances import Circumstances
from hsm.custody.command_line import read, verb
from hsm.custody.conversation import Conversation
from hsm.custody.program import run
from hsm.process.production import environment_named
from hsm.stores.sealed_file import Argon2Parameters


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: done, the last line is the result. 1: refused, the last line is the error."""
    options = read(arguments)

    def custody(conversation: Conversation) -> Mapping[str, object]:
        environment = environment_named(os.environ.get("KARTU_ENV", ""))
        here = Circumstances(environment, now, os.urandom, conversation, Argon2Parameters())
        return verb(options.verb)(options, here)

    return run(custody, f"custody {options.name}")


if __name__ == "__main__":
    sys.exit(main())
