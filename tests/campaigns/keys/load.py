# SPDX-License-Identifier: Apache-2.0
"""Callers in threads, each asking one question after the other and looking at every answer."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from cardservice.clock import now
from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest
from hsm.algorithms.es256 import der_signature
from hsm.client.key_process import KeyProcess
from hsm.errors import HsmError, KeyProcessDown
from tests.campaigns.keys.acknowledged import Acknowledged
from tests.hsm.documents import token_input

DEADLINE = 5.0  # seconds that a caller waits
PAUSE = 0.05  # seconds before a caller asks again who was told that nobody answers
TOLD_KINDS = 10


@dataclass
class Seen:
    """What callers met. ``wrong`` is whatever is neither a right answer nor a typed error."""

    done: Acknowledged = field(default_factory=Acknowledged)
    answers: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self) -> None:
        """One more."""
        with self._lock:
            self.answers += 1

    def refused(self, error: HsmError) -> None:
        """A typed error."""
        with self._lock:
            self.refusals[error.code] += 1

    def went_wrong(self, what: str) -> None:
        """Anything else."""
        with self._lock:
            self.wrong.append(what)


@dataclass(frozen=True, slots=True)
class Known:
    """What answers are held against: taken before anything was killed."""

    index: bytes
    point: bytes

    @classmethod
    def of(cls, socket: Path) -> "Known":
        """As the key process has them now."""
        with KeyProcess(socket, deadline=DEADLINE) as keys:
            (index,) = keys.blind_index.blind_index([b"value"])
            return cls(index, keys.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key.point)


def ask(keys: KeyProcess, known: Known, number: int, seen: Seen) -> None:
    """One question of several kinds, its answer checked."""
    # As rare as limits want them: nobody who works stays below them by chance. Each caller begins just below a thousand.
    match number % 2000:
        case 7 | 1007:
            seen.done.seal_and_open(keys)
        case 11:
            seen.done.use_a_grant(keys)
        case kind if kind % 200 == 13:
            seen.done.revoke(keys)
        case kind:
            _ask_what_leaves_nothing(keys, known, kind, number, seen)
    seen.answered()


def _ask_what_leaves_nothing(keys: KeyProcess, known: Known, kind: int, number: int, seen: Seen) -> None:
    match kind % 4:
        case 0:
            if keys.blind_index.blind_index([b"value"]) != [known.index]:
                seen.went_wrong("another fingerprint")
        case 1:
            signer = keys.signer(Purpose.ELIGIBILITY_TOKEN)
            document = token_input(signer.verifying_key.kid, now=now())
            refuse_other_key(known.point, signer.sign(document), document)
        case 2:
            host = number.to_bytes(8)
            request = SessionRequest(KeySet(KeyOrigin.SCHEME, 0x30, os.urandom(10)), host, host)
            if keys.card_keys.session_keys([request])[0].card_challenge != host:
                seen.went_wrong("another's channel")
        case _:
            keys.ping()


def refuse_other_key(point: bytes, signature: bytes, document: bytes) -> None:
    """Raises InvalidSignature unless the signature is by the key of that point."""
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    public.verify(der_signature(signature), document, ec.ECDSA(SHA256()))


@contextmanager
def calling(socket: Path, known: Known, callers: int) -> Iterator[Seen]:
    """Callers until the block ends."""
    seen, stop = Seen(), threading.Event()

    def call(begin: int) -> None:
        number = begin
        with KeyProcess(socket, deadline=DEADLINE) as keys:  # a connection of its own, as another process has
            while not stop.is_set():
                number += 1
                try:
                    ask(keys, known, number, seen)
                except HsmError as error:
                    seen.refused(error)
                    if isinstance(error, KeyProcessDown):
                        stop.wait(PAUSE)
                except Exception as error:  # noqa: BLE001 - what is no typed error is what the campaign looks for
                    seen.went_wrong(repr(error))

    threads = [threading.Thread(target=call, args=(number * 1_000_003,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()
