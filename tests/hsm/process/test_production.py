# SPDX-License-Identifier: Apache-2.0
"""The start-up matrix: what refuses to start, by the program itself and with its typed code."""

import ctypes
import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hsm.errors import CoreDumpsOn, EnvironmentUnknown, RefusedInProduction, UnvalidatedToken, WellKnownKey
from hsm.process import process_hardening, production
from hsm.process.production import (
    Environment,
    environment_named,
    refuse_known_masters,
    refuse_software_keys,
    refuse_unfit_store,
)
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import NOW
from tests.hsm.running import hsm_process, run_hsm, short_folder


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A folder with a development store, made by the program."""
    with short_folder() as folder:
        done = run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass")
        assert done.returncode == 0, done.stderr
        assert "PERINGATAN" in done.stderr
        assert "WARNING" in done.stderr
        assert "eligibility-token 1 kid " in done.stdout
        yield folder


def serve(folder: Path, environment: str = "test") -> tuple[int, str]:
    done = run_hsm(
        *("--store", folder / "keys", "--passphrase-file", folder / "pass", "--socket", folder / "run" / "s"),
        environment=environment,
    )
    return done.returncode, done.stderr


def test_files_are_closed_to_others(made: Path) -> None:
    for name in ("keys", "pass"):
        assert stat.S_IMODE((made / name).stat().st_mode) == 0o600


def test_the_running_process_is_closed_to_others_and_dumps_no_core(made: Path) -> None:
    with hsm_process(made) as process:
        assert stat.S_IMODE((made / "run").stat().st_mode) == 0o700
        assert stat.S_IMODE((made / "run" / "s").stat().st_mode) == 0o600
        limits = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
        (core,) = (line.split() for line in limits if line.startswith("Max core file size"))
        assert core[4:6] == ["0", "0"]
        # Not dumpable: the files in /proc belong to root, whoever runs the process (proc(5)).
        assert Path(f"/proc/{process.pid}/mem").stat().st_uid == 0
    assert not (made / "run" / "s").exists()
    assert "PERINGATAN" in (made / "log").read_text()


@pytest.mark.parametrize("environment", ["production", "PRODUCTION", " production "])
def test_production_serves_no_software_keys(made: Path, environment: str) -> None:
    code, told = serve(made, environment)
    line, *words = told.splitlines()
    assert (code, line) == (1, "hsm-software-keys-refused (rule=keys in a software file)")
    assert [word.split(":")[0] for word in words] == ["  Sebab", "  Tindakan", "  Cause", "  Remedy"]
    assert not (made / "run" / "s").exists()


def test_production_makes_no_software_keys() -> None:
    with short_folder() as folder:
        done = run_hsm(
            *("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass"), environment="production"
        )
        assert done.returncode == 1
        assert "hsm-software-keys-refused" in done.stderr
        assert not list(folder.iterdir())


@pytest.mark.parametrize("environment", ["prod", "live", "developmnet"])
def test_an_environment_we_do_not_know_is_refused(made: Path, environment: str) -> None:
    code, told = serve(made, environment)
    assert code == 1
    assert "hsm-environment-unknown" in told


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
@pytest.mark.parametrize(
    ("name", "refusal"), [("keys", "hsm-key-file-unprotected"), ("pass", "hsm-passphrase-unusable")]
)
def test_files_open_to_others_are_refused(made: Path, name: str, refusal: str, mode: int) -> None:
    (made / name).chmod(mode)
    try:
        code, told = serve(made)
    finally:
        (made / name).chmod(0o600)
    assert code == 1
    assert refusal in told


def test_wrong_and_empty_passphrases_are_refused(made: Path) -> None:
    right = (made / "pass").read_bytes()
    try:
        (made / "pass").write_bytes(b"another passphrase\n")
        told = serve(made)[1]
        assert "\nhsm-passphrase-wrong\n  Sebab: " in told
        assert "another passphrase" not in told
        (made / "pass").write_bytes(b"\n")
        assert "hsm-passphrase-unusable" in serve(made)[1]
    finally:
        (made / "pass").write_bytes(right)


def test_a_folder_of_the_socket_open_to_others_is_refused(made: Path) -> None:
    (made / "run").mkdir(mode=0o700, exist_ok=True)
    (made / "run").chmod(0o755)
    try:
        assert "hsm-socket-unusable" in serve(made)[1]
    finally:
        (made / "run").chmod(0o700)


def test_a_lock_that_can_not_be_had_is_told_and_no_traceback(made: Path) -> None:
    (made / "run").mkdir(mode=0o700, exist_ok=True)
    lock = made / "run" / "s.lock"
    lock.unlink(missing_ok=True)
    lock.symlink_to(made / "elsewhere")
    try:
        told = serve(made)[1]
    finally:
        lock.unlink()
    assert "\nhsm-socket-unusable " in told
    assert "Traceback" not in told


def test_a_store_where_nothing_can_be_written_is_told_and_no_traceback(tmp_path: Path) -> None:
    done = run_hsm("--init", "--store", tmp_path / "keys", "--passphrase-file", tmp_path / "absent" / "pass")
    assert done.returncode == 1
    assert "\nhsm-key-file-unwritable " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_is_not_made_twice(made: Path) -> None:
    before = (made / "keys").read_bytes()
    done = run_hsm("--init", "--store", made / "keys", "--passphrase-file", made / "pass")
    assert done.returncode == 1
    assert "hsm-key-file-exists" in done.stderr
    assert (made / "keys").read_bytes() == before


def test_no_passphrase_in_the_arguments() -> None:
    done = run_hsm("--init", "--store", "x", "--passphrase", "secret")
    assert done.returncode == 2


def test_environments() -> None:
    assert environment_named("") is Environment.DEVELOPMENT
    assert environment_named("Production") is Environment.PRODUCTION
    with pytest.raises(EnvironmentUnknown):
        environment_named("prd")


def test_a_well_known_transport_key_is_refused_in_production_whatever_the_back_end(store: SoftwareStore) -> None:
    refuse_unfit_store(Environment.DEVELOPMENT, store, accepts_unvalidated=False)
    with pytest.raises(WellKnownKey, match="transport"):
        refuse_unfit_store(Environment.PRODUCTION, store, accepts_unvalidated=True)


def test_other_masters_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.stores.key_generation.WELL_KNOWN_TRANSPORT_MASTER", os.urandom(32))
    store = SoftwareStore(development_keys(NOW, os.urandom), os.urandom)
    refuse_known_masters(store)
    with pytest.raises(UnvalidatedToken, match="sealed key file"):
        refuse_unfit_store(Environment.PRODUCTION, store, accepts_unvalidated=False)


def test_sabotage_without_the_list_of_known_keys_they_pass(
    store: SoftwareStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production, "_WELL_KNOWN_KEYS", ())
    refuse_known_masters(store)


def test_core_dumps_that_can_not_be_switched_off_refuse_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forbidding:
        """A libc whose prctl a filter forbids."""

        def prctl(self, *_: int) -> int:
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Forbidding())
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(os, "umask", lambda _: 0)
    with pytest.raises(CoreDumpsOn):
        process_hardening.harden_process()


def test_software_keys_are_for_development() -> None:
    refuse_software_keys(Environment.TEST)
    with pytest.raises(RefusedInProduction):
        refuse_software_keys(Environment.PRODUCTION)
