# SPDX-License-Identifier: Apache-2.0
"""Many threads with one client: what they ask travels together, and nobody notices but by the time it takes."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest
from hsm.client.key_process import KeyProcess
from hsm.errors import DocumentRefused, HsmError, KeyProcessDown, MalformedFrame, RateExceeded
from hsm.limits.rate_limit import DEFAULT_RATES, Rate
from hsm.stores.key_bundle import KeyBundle
from hsm.wire.protocol import LENGTH_SIZE, frame
from tests.hsm.documents import audit_root, token_input
from tests.hsm.far_end import answering
from tests.hsm.gathering import CROWD, Gathering, Patient
from tests.hsm.running import SetClock, serving


def crowd(ask: Callable[[int], object]) -> list[object]:
    """What each of the crowd was told: an answer, or a typed error."""

    def told(number: int) -> object:
        try:
            return ask(number)
        except HsmError as error:
            return error

    with ThreadPoolExecutor(CROWD) as threads:
        return list(threads.map(told, range(CROWD)))


def test_each_of_a_crowd_gets_the_signature_of_its_own_document_or_its_own_refusal(socket_path: Path) -> None:
    with KeyProcess(socket_path) as alone:
        key = alone.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key
    documents = [token_input(key.kid, jti="" if n % 4 == 3 else f"j{n}") for n in range(CROWD)]
    with Gathering(socket_path) as keys:
        told = crowd(lambda number: keys.signer(Purpose.ELIGIBILITY_TOKEN).sign(documents[number]))
        assert keys.trips == [1, CROWD - 1]
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.point)
    for number, answer in enumerate(told):
        if number % 4 == 3:
            assert isinstance(answer, DocumentRefused)
            continue
        assert isinstance(answer, bytes)
        r, s = int.from_bytes(answer[:32]), int.from_bytes(answer[32:])
        public.verify(encode_dss_signature(r, s), documents[number], ec.ECDSA(SHA256()))


def test_questions_of_different_kinds_travel_together(socket_path: Path) -> None:
    with Gathering(socket_path) as keys:
        asked: list[Callable[[], object]] = [
            keys.ping,
            lambda: keys.blind_index.blind_index([b"value"]),
            lambda: keys.signer(Purpose.AUDIT).sign(audit_root()),
            lambda: keys.verifying_keys(Purpose.COVER_PROOF),
        ]
        told = crowd(lambda number: asked[number % 4]())
        assert keys.trips == [1, CROWD - 1]
        assert told[0::4] == ["software"] * 3
        assert told[1::4] == [keys.blind_index.blind_index([b"value"])] * 3
        assert told[3::4] == [keys.verifying_keys(Purpose.COVER_PROOF)] * 3


def test_what_the_rate_allows_passes_whoever_travels_with_whom(bundle: KeyBundle, clock: SetClock) -> None:
    rates = {**DEFAULT_RATES, "ping": Rate(0, 5)}
    with serving(bundle, clock, rates=rates) as path, Gathering(path) as keys:
        told = crowd(lambda _: keys.ping())
    assert told.count("software") == 5
    assert sum(isinstance(answer, RateExceeded) for answer in told) == CROWD - 5


def test_a_worker_dies_with_the_frame_of_many_and_each_is_answered_by_another() -> None:
    read: list[int] = []

    def behaves(peer: socket.socket) -> None:
        while requests := _requests_on(peer):
            read.append(len(requests))
            if read == [1, CROWD - 1]:
                return  # dies
            peer.sendall(frame([[0, [request[1][0]]] for request in requests]))

    with answering(behaves, calls=2) as path, Gathering(path) as keys:
        told = crowd(lambda number: keys.blind_index.blind_index([bytes([number])]))
        keys.close()
    assert told == [[bytes([number])] for number in range(CROWD)]
    assert read == [1, CROWD - 1, CROWD - 1]


def test_who_sends_what_no_frame_may_hold_is_refused_alone(socket_path: Path) -> None:
    """A fraction can't be asked for; with the whole frame refused, each is asked alone."""
    with Gathering(socket_path) as keys:

        def ask(number: int) -> object:
            return keys.pseudonyms.pseudonym(0.5 if number == 7 else 1, b"member")  # type: ignore[arg-type] # that is the test

        told = crowd(ask)
        (name,) = keys.pseudonyms.pseudonym_each([1], b"member")
    assert isinstance(told.pop(7), MalformedFrame)
    assert told == [name] * (CROWD - 1)


def test_openings_long_questions_and_those_about_card_keys_wait_for_nobody(socket_path: Path) -> None:
    with KeyProcess(socket_path) as alone:
        (sealed,) = alone.sealer.seal([("a", b"value")])
    with Holding(socket_path) as keys, keys.a_trip_under_way():
        assert keys.sealer.unseal("a", sealed, reason="test") == b"value"
        assert len(keys.blind_index.blind_index([b"value"] * 17)) == 17
        channel = SessionRequest(KeySet(KeyOrigin.SCHEME, 0x30, bytes(10)), bytes(8), bytes(8))
        assert len(keys.card_keys.session_keys([channel])) == 1


class Holding(Patient):
    """A client whose trips do not begin before they are let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Event()

    def _travel(self, requests: Sequence[bytes], until: float) -> list[object]:
        self.begun.release()
        self.let_go.wait(20)
        return super()._travel(requests, until)

    @contextmanager
    def a_trip_under_way(self) -> Iterator[None]:
        """Inside, whoever shares its trip must wait."""
        with ThreadPoolExecutor(1) as threads:
            held = threads.submit(self.ping)
            self.begun.acquire()
            try:
                yield
            finally:
                self.let_go.set()
            assert held.result() == "software"


def test_a_forked_process_has_lines_of_its_own_whoever_was_under_way(socket_path: Path) -> None:
    with Holding(socket_path) as keys:
        keys.let_go.set()
        keys.ping()
        (parents,) = keys._idle
        keys.let_go.clear()
        keys.begun.acquire()
        with keys.a_trip_under_way():
            child = os.fork()
            if child == 0:
                try:
                    keys.let_go.set()
                    os._exit(0 if keys.ping() == "software" and parents not in keys._idle else 1)
                finally:
                    os._exit(2)
            _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert parents.is_quiet()  # the child said nothing on it, and took nothing from it
        assert keys.ping() == "software"


def test_nobody_there_is_told_to_each_of_a_crowd(tmp_path: Path) -> None:
    with Gathering(tmp_path / "s") as keys:
        told = crowd(lambda _: keys.ping())
    assert all(isinstance(answer, KeyProcessDown) for answer in told)
    assert len({id(answer) for answer in told}) == CROWD  # each has an error of its own


def _requests_on(peer: socket.socket) -> list[list[list[bytes]]]:
    """The next frame's requests; none at the end of the stream."""
    with peer.makefile("rb", buffering=0) as stream:
        prefix = stream.read(LENGTH_SIZE)
        whole = bytearray()
        while prefix and len(whole) < int.from_bytes(prefix):
            whole += stream.read(int.from_bytes(prefix) - len(whole))
    requests: list[list[list[bytes]]] = cbor2.loads(whole) if whole else []
    return requests
