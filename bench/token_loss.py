# SPDX-License-Identifier: Apache-2.0
"""A lost token: how soon callers are told by a typed error, and how soon they are answered again once it is back, through the real key process.

Three ways to lose it: its folder vanishes, another token of the same name and PIN lies in its place, one of its key files is emptied. Every
signature meanwhile must be by the key that was known before: one by another ends the bench with an error.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bench.figure import Figure
from bench.key_process import has_softhsm, running_keys, softhsm_token
from cardservice.clock import monotonic, now
from cardservice.errors import KartuError
from cardservice.keys import Purpose, VerifyingKey
from hsm.algorithms.es256 import der_signature
from hsm.client.key_process import KeyProcess
from hsm.errors import HsmError, TokenFault
from hsm.keys.key_uri import KeyUri
from tests.hsm.documents import token_input

ROUNDS = 5
WORKERS = 2
PATIENCE = 60.0  # seconds
GOAL_TOLD, GOAL_BACK = 1.0, 5.0  # seconds

Deed = Callable[[Path], None]


class NeverHappened(KartuError):
    """What should have followed did not, in a minute."""

    code = "bench-never-happened"


def figures(rounds: int = ROUNDS) -> Iterator[Figure]:
    """The longest of all rounds, over all workers, for each way to lose a token."""
    if not has_softhsm():
        yield Figure.unmeasured("token lost", "s", "SoftHSM2 is not installed")
        return
    with ExitStack() as stack:
        other = folder_of(stack.enter_context(softhsm_token()))
        uri = stack.enter_context(softhsm_token())
        for name, lose, bring_back in ways(other):
            told, back = lost_and_found(uri, lose, bring_back, rounds)
            yield Figure.judged(f"{name}: until callers are told, longest", told, "s", "<=", GOAL_TOLD)
            yield Figure.judged(f"{name}: answered again after its return, longest", back, "s", "<=", GOAL_BACK)


def folder_of(uri: KeyUri) -> Path:
    """Where the tokens of ``softhsm_token`` lie."""
    assert uri.pin_source.path is not None
    return uri.pin_source.path.with_name("tokens")


def ways(other: Path) -> list[tuple[str, Deed, Deed]]:
    """How a token folder is lost, and how it comes back."""

    def vanish(folder: Path) -> None:
        folder.rename(folder.with_name("away"))

    def come_back(folder: Path) -> None:
        folder.with_name("away").rename(folder)

    def swap(folder: Path) -> None:
        vanish(folder)
        shutil.copytree(other, folder)

    def swap_back(folder: Path) -> None:
        shutil.rmtree(folder)
        come_back(folder)

    def empty(folder: Path) -> None:
        shutil.copytree(folder, folder.with_name("away"))
        for path in folder.glob("*/*-*.object"):
            path.write_bytes(b"")

    return [
        ("token folder vanishes", vanish, come_back),
        ("another token in its place", swap, swap_back),
        ("its key files are emptied", empty, swap_back),
    ]


def lost_and_found(uri: KeyUri, lose: Deed, bring_back: Deed, rounds: int) -> tuple[float, float]:
    """Seconds until every worker's caller was told, and until each was answered again; the longest of all rounds."""
    folder = folder_of(uri)
    told, back = [], []
    with running_keys(uri, "--workers", str(WORKERS)) as running, ExitStack() as stack:
        callers = [stack.enter_context(KeyProcess(running.socket)) for _ in range(WORKERS)]
        for keys in callers:  # each stays with a worker of its own
            keys.ping()
        known = callers[0].signer(Purpose.ELIGIBILITY_TOKEN).verifying_key
        for _ in range(rounds):
            told.append(until(lambda: all(is_told(keys, known) for keys in callers), folder, lose))
            back.append(until(lambda: all(is_answered(keys, known) for keys in callers), folder, bring_back))
    return max(told), max(back)


def until(holds: Callable[[], bool], folder: Path, deed: Deed) -> float:
    """Do it; the seconds from its end until ``holds``. Raises NeverHappened."""
    deed(folder)
    began = monotonic()
    while not holds():
        if monotonic() - began > PATIENCE:
            raise NeverHappened
    return monotonic() - began


def is_told(keys: KeyProcess, known: VerifyingKey) -> bool:
    """Whether a signature is refused with a typed error of the token; an answer must be by the known key."""
    try:
        sign(keys, known)
    except TokenFault:  # TokenLost among them
        return True
    return False


def is_answered(keys: KeyProcess, known: VerifyingKey) -> bool:
    """Whether a signature is made, by the known key."""
    try:
        sign(keys, known)
    except HsmError:
        return False
    return True


def sign(keys: KeyProcess, known: VerifyingKey) -> None:
    """Raises HsmError, or InvalidSignature where another key signed."""
    document = token_input(known.kid, now=now())
    signature = keys.signer(Purpose.ELIGIBILITY_TOKEN).sign(document)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), known.point)
    public.verify(der_signature(signature), document, ec.ECDSA(SHA256()))
