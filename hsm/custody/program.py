# SPDX-License-Identifier: Apache-2.0
"""The frame of the programs that people run beside the key process (``hsm.custody``, ``hsm.granting``): one verb, told in JSON lines (conversation.py)."""

import sys
import traceback
from collections.abc import Callable, Mapping

from hsm.custody.conversation import Conversation
from hsm.errors import HsmError, OperationFailed
from hsm.process.process_hardening import harden_process

EXIT_REFUSED = 1  # argparse leaves with 2 on a wrong command line


def run(verb: Callable[[Conversation], Mapping[str, object]], operation: str) -> int:
    """Exit code 0: done, the last line is the result. 1: refused, the last line is the error. ``operation`` names the verb should it break."""
    conversation = Conversation(_write)
    try:
        harden_process()
        conversation.result(verb(conversation))
    except HsmError as error:
        conversation.error(error)
        return EXIT_REFUSED
    except Exception as fault:  # noqa: BLE001 - the message of a fault may quote a secret: only its place is told
        sys.stderr.write(f"{type(fault).__qualname__}\n{''.join(traceback.format_tb(fault.__traceback__))}")
        conversation.error(OperationFailed(operation=operation))
        return EXIT_REFUSED
    return 0


def _write(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()
