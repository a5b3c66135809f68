# SPDX-License-Identifier: Apache-2.0
"""Why the keys have a process of their own, and one thread in it: several threads in python-pkcs11 end the interpreter."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cardservice.keys import Purpose
from hsm.errors import TokenFault
from hsm.keys.key_store import KeyDescription, KeyStore
from tests.hsm.contract.test_key_custody import plan
from tests.hsm.documents import NOW
from tests.hsm.running import ROOT
from tests.hsm.softhsm import MODULE, PIN, SoftHsm

pytestmark = pytest.mark.needs("softhsm2")
TRIES = 10  # each ends in a crash nine times out of ten


def worked_by(softhsm: SoftHsm, threads: int, seconds: float) -> int:
    """How a process ended in which so many threads work with the library itself."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.hsm.two_threads", MODULE, "kartu", PIN, str(threads), str(seconds)],
        cwd=ROOT,
        env=os.environ | {"SOFTHSM2_CONF": str(softhsm.conf)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode


def test_control_threads_in_the_library_end_the_process(tmp_path: Path) -> None:
    softhsm = SoftHsm(tmp_path / "hsm")
    assert worked_by(softhsm, 1, 0.5) == 0
    ends = (worked_by(softhsm, 4, 3.0) for _ in range(TRIES))
    # Ended by a signal: no exception, nothing to handle.
    assert any(code < 0 for code in ends)


def asked_elsewhere(store: KeyStore, key: KeyDescription) -> BaseException | None:
    """What a second thread gets."""
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            store.hmac(key, b"words")
        except TokenFault as refused:
            caught.append(refused)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return caught[0] if caught else None


def test_a_second_thread_is_refused_before_it_reaches_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hsm.pkcs11.module import TokenModule  # noqa: PLC0415 - an optional part

    softhsm = SoftHsm(tmp_path / "hsm")
    with softhsm.custody() as custody:
        key = custody.generate(plan(Purpose.PSEUDONYM), NOW).description
    store = softhsm.store()
    assert "second thread" in str(asked_elsewhere(store, key))
    monkeypatch.setattr(TokenModule, "refuse_other_thread", lambda _: None)  # sabotage: then it is let in
    assert asked_elsewhere(store, key) is None
