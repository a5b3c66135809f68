# SPDX-License-Identifier: Apache-2.0
"""Long trials of the key process with real processes: ``python -m tests.campaigns.keys [--kills 20] [--seconds 600] [--callers 64] [--softhsm]``.

First, workers are killed by SIGKILL under load, then the supervisor; then many callers ask for a long time. Ends with 1 where an
acknowledged request was lost, an answer was wrong, a caller met what is no typed error, a worker died unasked, or memory grew.
``tests/hsm/test_campaign.py`` runs the short form.
"""

import argparse
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.key_process import running_keys, sealed_file, softhsm_token
from cardservice.clock import monotonic, now
from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest
from hsm.client import KeyProcess
from hsm.errors import CardRevoked, HsmError
from hsm.key_uri import KeyUri
from tests.hsm.documents import token_input

GROWTH_KIB = 16 * 1024  # of a worker's resident memory between a tenth of the way and the end
TOLD_KINDS = 10


@dataclass
class Seen:
    """What callers met. ``acknowledged`` are KDDs whose revocation was answered: none may ever be forgotten."""

    answers: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    acknowledged: list[bytes] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self) -> None:
        """One more."""
        with self._lock:
            self.answers += 1

    def refused(self, error: HsmError) -> None:
        """A typed error."""
        with self._lock:
            self.refusals[error.code] = self.refusals.get(error.code, 0) + 1

    def went_wrong(self, what: str) -> None:
        """Anything else."""
        with self._lock:
            self.wrong.append(what)


def ask(keys: KeyProcess, index: bytes, number: int, seen: Seen) -> None:
    """One question of several kinds, its answer checked; a card is revoked now and then."""
    match number % 4:
        case 0:
            if keys.blind_index.blind_index([b"value"]) != [index]:
                seen.went_wrong("another fingerprint")
        case 1:
            signer = keys.signer(Purpose.ELIGIBILITY_TOKEN)
            document = token_input(signer.verifying_key.kid, now=now())
            if len(signer.sign(document)) != 64:
                seen.went_wrong("no signature")
        case 2:
            host = number.to_bytes(8)
            request = SessionRequest(KeySet(KeyOrigin.SCHEME, 0x30, os.urandom(10)), host, host)
            if keys.card_keys.session_keys([request])[0].card_challenge != host:
                seen.went_wrong("another's channel")
        case _ if number % 20 == 3:
            kdd = os.urandom(10)
            keys.revoke_cards([kdd], reason="campaign")
            seen.acknowledged.append(kdd)
        case _:
            keys.ping()
    seen.answered()


@contextmanager
def calling(socket: Path, index: bytes, callers: int) -> Iterator[Seen]:
    """Callers in threads, each asking one question after the other."""
    seen, stop = Seen(), threading.Event()

    def call(begin: int) -> None:
        number = begin
        while not stop.is_set():
            number += 1
            try:
                ask(keys, index, number, seen)
            except HsmError as error:
                seen.refused(error)
            except Exception as error:  # noqa: BLE001 - what is no typed error is what the campaign looks for
                seen.went_wrong(repr(error))

    with KeyProcess(socket, deadline=5) as keys:
        threads = [threading.Thread(target=call, args=(number * 1_000_000,)) for number in range(callers)]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def forgotten(socket: Path, kdds: list[bytes]) -> list[bytes]:
    """Revoked cards to which a channel opens all the same."""
    found = []
    with KeyProcess(socket, deadline=5) as keys:
        for kdd in kdds:
            request = SessionRequest(KeySet(KeyOrigin.SCHEME, 0x30, kdd), bytes(8), bytes(8))
            try:
                keys.card_keys.session_keys([request])
            except CardRevoked:
                continue
            found.append(kdd)
    return found


def killing(uri: KeyUri, kills: int, callers: int, seed: int) -> list[str]:
    """Kill a worker under load, again and again; what went wrong."""
    chance = random.Random(seed)
    with running_keys(uri, "--workers", "2") as running, KeyProcess(running.socket) as keys:
        (index,) = keys.blind_index.blind_index([b"value"])
        with calling(running.socket, index, callers) as seen:
            for _ in range(kills):
                time.sleep(chance.uniform(0.2, 1.0))
                serving = running.workers
                os.kill(chance.choice(serving), signal.SIGKILL)
                before, until = seen.answers, monotonic() + 20
                while (seen.answers <= before + callers or len(running.workers) < 2) and monotonic() < until:
                    time.sleep(0.01)
                if monotonic() >= until:
                    seen.went_wrong("no service within 20 s of a kill")
        lost = forgotten(running.socket, seen.acknowledged)
        told = f"{kills} kills, {seen.answers} answers, {len(seen.acknowledged)} revocations, refusals {seen.refusals}"
        sys.stdout.write(told + "\n")
        return [*seen.wrong[:TOLD_KINDS], *(f"lost {kdd.hex()}" for kdd in lost)]


def lasting(uri: KeyUri, seconds: float, callers: int) -> list[str]:
    """Many callers for a long time; what went wrong."""
    with running_keys(uri) as running, KeyProcess(running.socket) as keys:
        (index,) = keys.blind_index.blind_index([b"value"])
        workers = running.workers
        with calling(running.socket, index, callers) as seen:
            time.sleep(seconds / 10)
            early = [resident_kib(pid) for pid in workers]
            time.sleep(seconds - seconds / 10)
            late = [resident_kib(pid) for pid in workers]
        wrong = seen.wrong[:TOLD_KINDS]
        if running.workers != workers:
            wrong.append("a worker died")
        wrong += [f"grew from {a} to {b} KiB" for a, b in zip(early, late, strict=True) if b - a > GROWTH_KIB]
        told = (
            f"{callers} callers, {seconds:g} s, {seen.answers} answers, refusals {seen.refusals}, KiB {early} to {late}"
        )
        sys.stdout.write(told + "\n")
        return wrong


def resident_kib(pid: int) -> int:
    """Resident memory (proc(5), VmRSS)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def supervisor_killed(uri: KeyUri) -> list[str]:
    """SIGKILL to the supervisor: its workers follow it, and what was acknowledged is known to the next."""
    kdd = os.urandom(10)
    with running_keys(uri, "--workers", "2") as running:
        with KeyProcess(running.socket) as keys:
            keys.revoke_cards([kdd], reason="campaign")
        workers = running.workers
        running.process.kill()
        running.process.wait()
        with running_keys(uri, "--workers", "2", "--state", str(running.socket.parents[1] / "state")) as again:
            lost = forgotten(again.socket, [kdd])
        left = [pid for pid in workers if is_alive(pid)]
    return [*(f"lost {each.hex()}" for each in lost), *(f"worker {pid} lives on" for pid in left)]


def is_alive(pid: int) -> bool:
    """There, and no zombie."""
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def main() -> int:
    """Exit code 0 where nothing went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.keys", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--softhsm", action="store_true")
    chosen = parser.parse_args()
    with softhsm_token() if chosen.softhsm else sealed_file() as uri:
        wrong = killing(uri, chosen.kills, 8, chosen.seed)
        wrong += supervisor_killed(uri)
        wrong += lasting(uri, chosen.seconds, chosen.callers) if chosen.seconds else []
    for each in wrong:
        sys.stdout.write(f"WRONG: {each}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
