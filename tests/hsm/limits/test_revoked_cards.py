# SPDX-License-Identifier: Apache-2.0
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.keys import KeyOrigin, KeySet, SessionRequest
from hsm.client.key_faces import KeyFaces
from hsm.client.key_process import KeyProcess
from hsm.errors import CardRevoked, StateUnusable
from hsm.in_process import RevokedInMemory
from hsm.limits.revoked_cards import RevocationFile
from hsm.stores.key_bundle import KeyBundle
from tests.hsm.running import ROOT, SetClock, serving

LOST, KEPT = bytes(range(10)), bytes(range(10, 20))
ISSUER = KeySet(KeyOrigin.SCHEME, 0x30, LOST)
TRANSPORT = KeySet(KeyOrigin.TRANSPORT, 0xFF, LOST)


@contextmanager
def opened(path: Path) -> Iterator[RevocationFile]:
    file = RevocationFile(path)
    try:
        yield file
    finally:
        file.close()


def channel(keys: KeyFaces, kdd: bytes) -> object:
    return keys.card_keys.session_keys([SessionRequest(KeySet(KeyOrigin.SCHEME, 0x30, kdd), bytes(8), bytes(8))])


def test_no_channel_opens_to_a_revoked_card_and_no_keys_are_wrapped_for_it(keys: KeyFaces) -> None:
    assert channel(keys, LOST)
    assert keys.revoke_cards([LOST], reason="stolen") == 1
    with pytest.raises(CardRevoked, match=LOST.hex().upper()):
        channel(keys, LOST)
    with pytest.raises(CardRevoked):
        keys.card_keys.wrapped_key_set(ISSUER, TRANSPORT)
    with pytest.raises(CardRevoked):  # nor in the company of others
        keys.card_keys.session_keys(
            [SessionRequest(KeySet(KeyOrigin.SCHEME, 0x30, kdd), bytes(8), bytes(8)) for kdd in (KEPT, LOST)]
        )
    assert channel(keys, KEPT)


def test_revoking_again_changes_nothing(keys: KeyFaces) -> None:
    assert keys.revoke_cards([LOST, KEPT, LOST], reason="stolen") == 2
    assert keys.revoke_cards([LOST], reason="stolen again") == 0


def test_many_are_told_in_several_trips(keys: KeyFaces) -> None:
    kdds = [n.to_bytes(10) for n in range(2500)]
    assert keys.revoke_cards(kdds, reason="a lost box") == 2500
    with pytest.raises(CardRevoked):
        channel(keys, kdds[-1])


def test_a_revocation_survives_a_restart(bundle: KeyBundle, clock: SetClock) -> None:
    with serving(bundle, clock) as path, KeyProcess(path) as keys:
        keys.revoke_cards([LOST], reason="stolen")
        with (
            serving(bundle, clock, state=path.parent / "state") as again,
            KeyProcess(again) as later,
            pytest.raises(CardRevoked),
        ):
            channel(later, LOST)
        line = (path.parent / "state" / "revoked-cards").read_text()
    assert line == f"{LOST.hex().upper()} {int(clock().timestamp())} by={os.geteuid()} stolen\n"


def test_sabotage_a_list_in_memory_forgets_with_the_process() -> None:
    first, second = RevokedInMemory(), RevokedInMemory()
    first.add([LOST], "stolen", 1)
    assert LOST in first
    assert LOST not in second


def test_one_worker_sees_what_another_wrote(tmp_path: Path) -> None:
    with opened(tmp_path / "list") as one, opened(tmp_path / "list") as other:
        assert LOST not in other
        assert one.add([LOST], "stolen", 1) == 1
        assert LOST in other
        assert other.add([LOST], "stolen", 2) == 0


def test_a_torn_line_was_never_acknowledged_and_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(f"{LOST.hex().upper()} 1 stolen\n{KEPT.hex().upper()[:7]}".encode())
    with opened(path) as file:
        assert LOST in file
        assert KEPT not in file
        assert file.add([KEPT], "stolen", 2) == 1
        assert KEPT in file
    with opened(path) as again:
        assert LOST in again
        assert KEPT in again


def test_a_full_disk_is_a_typed_refusal_and_the_list_holds(tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from hsm.limits.revoked_cards import RevocationFile\n"
        "from hsm.errors import StateUnusable\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "file = RevocationFile(Path(sys.argv[1]))\n"
        "file.add([bytes(10)], 'stolen', 1)\n"
        "try: file.add([n.to_bytes(10) for n in range(1, 9)], 'stolen', 2)\n"
        "except StateUnusable: print('refused', bytes(10) in file)\n"
    )
    line = [sys.executable, "-c", program, str(tmp_path / "list")]
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "refused True\n"
    with opened(tmp_path / "list") as file:
        assert bytes(10) in file
        assert file.add([LOST], "stolen", 3) == 1
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_list_that_can_not_be_opened_refuses_the_start(tmp_path: Path) -> None:
    (tmp_path / "list").symlink_to("/dev/null")
    with pytest.raises(StateUnusable):
        RevocationFile(tmp_path / "list")


@given(st.binary(max_size=200))
def test_any_bytes_in_the_list_are_passed_over(junk: bytes) -> None:
    descriptor = os.memfd_create("list")
    path = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    os.write(descriptor, junk)
    try:
        file = RevocationFile.__new__(RevocationFile)
        file._path, file._known, file._read, file._file = path, set(), 0, descriptor
        file._append(f"{LOST.hex().upper()} 1 stolen\n".encode())
        assert LOST in file
    finally:
        os.close(descriptor)
