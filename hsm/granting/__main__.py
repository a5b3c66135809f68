# SPDX-License-Identifier: Apache-2.0
"""``python -m hsm.granting VERB``: officers make keys, sign grants and use them (its frame: hsm/custody/program.py)."""

import os
import sys
from collections.abc import Mapping, Sequence

from cardservice.clock import now
from hsm.custody.conversation import Conversation
from hsm.custody.program import run
from hsm.granting.command_line import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: done, the last line is the result. 1: refused, the last line is the error."""
    options = parser().parse_args(arguments)

    def granting(_: Conversation) -> Mapping[str, object]:
        done: Mapping[str, object] = options.verb(options, now(), os.urandom)
        return done

    return run(granting, f"granting {options.name}")


if __name__ == "__main__":
    sys.exit(main())
