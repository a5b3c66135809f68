# SPDX-License-Identifier: Apache-2.0
"""Run in a mount namespace of its own: the key process serves from a token and a state folder on a small file system, which fills up and is emptied again."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress

from bench.key_process import MEMORY, running_keys, softhsm_token
from bench.token_loss import sign
from cardservice.keys import Purpose
from hsm.client.key_process import KeyProcess
from hsm.errors import HsmError
from tests.campaigns.keys.acknowledged import forgotten
from tests.hsm.running import eventually


def outcome(question: Callable[[], object]) -> str:
    """``done``, or the code of the refusal."""
    try:
        question()
    except HsmError as error:
        return error.code
    return "done"


def main() -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", MEMORY], check=True)
    filler = MEMORY / "filler"
    with (
        softhsm_token() as uri,
        running_keys(uri, "--workers", "1", "--state", f"{MEMORY}/state") as running,
        KeyProcess(running.socket, deadline=20) as keys,
    ):
        known = keys.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key
        print("revoke", outcome(lambda: keys.revoke_cards([bytes(10)], reason="test")))
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(512)):
                pass
        # The last page of the list of revoked cards still has room: one that fills it and more is refused.
        many = [number.to_bytes(10) for number in range(1, 301)]
        print("full sign", outcome(lambda: sign(keys, known)))
        print("full revoke", outcome(lambda: keys.revoke_cards(many, reason="test")))
        print("full sign", outcome(lambda: sign(keys, known)))
        (worker,) = running.workers
        os.kill(worker, signal.SIGKILL)
        print("full, a new worker signs", eventually(lambda: outcome(lambda: sign(keys, known)) == "done"))
        filler.unlink()
        print("revoke", outcome(lambda: keys.revoke_cards(many, reason="test")))
        print("sign", outcome(lambda: sign(keys, known)))
        print("forgotten", len(forgotten(keys, [bytes(10), *many])))


if __name__ == "__main__":
    main()
