# SPDX-License-Identifier: Apache-2.0
"""``python -m hsm.custody VERB``: what people do with keys. It answers in JSON lines (hsm/custody/conversation.py)."""

import os
import sys
import traceback
from collections.abc import Sequence

from cardservice.clock import now
from hsm.custody.circumstances import Circumstances
from hsm.custody.command_line import read, verb
from hsm.custody.conversation import Conversation
from hsm.errors import HsmError, OperationFailed
from hsm.process_hardening import harden_process
from hsm.production import environment_named
from hsm.sealed_file import Argon2Parameters

EXIT_REFUSED = 1  # argparse leaves with 2 on a wrong command line


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: done, the last line is the result. 1: refused, the last line is the error."""
    options = read(arguments)
    conversation = Conversation(_write)
    try:
        harden_process()
        environment = environment_named(os.environ.get("KARTU_ENV", ""))
        here = Circumstances(environment, now, os.urandom, conversation, Argon2Parameters())
        conversation.result(verb(options.verb)(options, here))
    except HsmError as error:
        conversation.error(error)
        return EXIT_REFUSED
    except Exception as fault:  # noqa: BLE001 - the message of a fault may quote a secret: only its place is told
        sys.stderr.write(f"{type(fault).__qualname__}\n{''.join(traceback.format_tb(fault.__traceback__))}")
        conversation.error(OperationFailed(operation=f"custody {options.name}"))
        return EXIT_REFUSED
    return 0


def _write(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
