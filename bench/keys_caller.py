# SPDX-License-Identifier: Apache-2.0
"""One calling process of ``bench/run keys``: ``python -m bench.keys_caller SOCKET WHAT CALLERS BATCH SECONDS``, told to begin by a line.

Says "ready" first. In the end prints ``{"answers": n, "seconds": s, "cpu": s, "latencies": [...]}``: answers within the time, what
of it this process computed, and how long each question took, in seconds.
"""

import json
import secrets
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cardservice.clock import monotonic, now
from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest
from hsm.client import KeyProcess
from tests.hsm.documents import token_input

DEADLINE = 10.0
ISD_AID = bytes.fromhex("A000000151000000")

Question = Callable[[], object]


def signing(keys: KeyProcess, batch: int) -> Question:
    """Sign eligibility tokens, ``batch`` in one question."""
    signer = keys.signer(Purpose.ELIGIBILITY_TOKEN)
    kid = signer.verifying_key.kid
    documents = [token_input(kid, now=now(), jti=f"bench-{number}") for number in range(batch)]
    if batch == 1:
        return lambda: signer.sign(documents[0])
    return lambda: signer.sign_each(documents)


def opening(keys: KeyProcess, batch: int) -> Question:
    """Open secure channels, each to a card that was never seen before."""
    card_keys = keys.card_keys

    def ask() -> object:
        return card_keys.session_keys(
            [
                SessionRequest(
                    KeySet(KeyOrigin.SCHEME, 0x30, secrets.token_bytes(10)),
                    secrets.token_bytes(8),
                    sequence_counter=1,
                    aid=ISD_AID,
                )
                for _ in range(batch)
            ]
        )

    return ask


WHAT = {"sign": signing, "open": opening}


def main(socket: str, what: str, callers: str, batch: str, seconds: str) -> None:
    """Ask until the time is over."""
    latencies: list[float] = []
    with KeyProcess(Path(socket), deadline=DEADLINE) as keys:
        question = WHAT[what](keys, int(batch))
        for _ in range(20):
            question()
        print("ready", flush=True)
        sys.stdin.readline()
        begin, cpu = monotonic(), time.process_time()
        end = begin + float(seconds)

        def ask() -> None:
            while (started := monotonic()) < end:
                question()
                latencies.append(monotonic() - started)

        threads = [threading.Thread(target=ask) for _ in range(int(callers))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent, cpu = monotonic() - begin, time.process_time() - cpu
    answers = len(latencies) * int(batch)
    print(json.dumps({"answers": answers, "seconds": spent, "cpu": cpu, "latencies": latencies}))


if __name__ == "__main__":
    main(*sys.argv[1:])
