# SPDX-License-Identifier: Apache-2.0
"""``python -m hsm.granting VERB``: officers make keys, sign grants and use them. It answers in JSON lines (hsm/custody/conversation.py)."""

import os
import sys
import traceback
from collections.abc import Sequence

from cardservice.clock import now
from hsm.custody.conversation import Conversation
from hsm.errors import HsmError, OperationFailed
from hsm.granting.command_line import parser
from hsm.process_hardening import harden_process

EXIT_REFUSED = 1  # argparse leaves with 2 on a wrong command line


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: done, the last line is the result. 1: refused, the last line is the error."""
    options = parser().parse_args(arguments)
    conversation = Conversation(_write)
    try:
        harden_process()
        conversation.result(options.verb(options, now(), os.urandom))
    except HsmError as error:
        conversation.error(error)
        return EXIT_REFUSED
    except Exception as fault:  # noqa: BLE001 - the message of a fault may quote a secret: only its place is told
        sys.stderr.write(f"{type(fault).__qualname__}\n{''.join(traceback.format_tb(fault.__traceback__))}")
        conversation.error(OperationFailed(operation=f"granting {options.name}"))
        return EXIT_REFUSED
    return 0


def _write(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
