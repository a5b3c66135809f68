# SPDX-License-Identifier: Apache-2.0
"""One calling process of ``bench/run keys`` (``calling.py``): ``python -m bench.keys_caller SOCKET WHAT CALLERS BATCH``."""

import asyncio
import secrets
import sys
from pathlib import Path

import uvloop

from bench.calling import Question, ask_in_turns, ask_in_turns_awaiting
from cardservice.clock import now
from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest
from hsm.client.key_process import KeyProcess
from tests.hsm.documents import token_input

DEADLINE = 10.0
ISD_AID = bytes.fromhex("A000000151000000")


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


async def sign_awaiting(socket: str, tasks: int) -> None:
    """Tasks of one event loop, each of which signs one eligibility token after the other: the way of the service."""
    with KeyProcess(Path(socket), deadline=DEADLINE) as keys:
        signer = keys.awaited_signer(Purpose.ELIGIBILITY_TOKEN)
        document = token_input((await signer.verifying_key()).kid, now=now(), jti="bench-0")
        await ask_in_turns_awaiting(lambda: signer.sign(document), tasks=tasks, answers=1)


def main(socket: str, what: str, callers: str, batch: str) -> None:
    """Ask whenever told."""
    if what == "sign-awaiting":
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(sign_awaiting(socket, int(callers)))
        return
    with KeyProcess(Path(socket), deadline=DEADLINE) as keys:
        question = WHAT[what](keys, int(batch))
        ask_in_turns(question, threads=int(callers), answers=int(batch))


if __name__ == "__main__":
    main(*sys.argv[1:])
