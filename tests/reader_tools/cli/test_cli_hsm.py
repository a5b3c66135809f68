# SPDX-License-Identifier: Apache-2.0
"""``kartu hsm``: keys made once and closed to others, the key process in the foreground, refusals with their reason."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reader_tools.cli.own_program import command, environment
from tests.hsm.running import short_folder, workers_of
from tests.reader_tools.cli.desk import Desk, KeyDesk, own_environment
from tests.reader_tools.command_line import ROOT, kartu


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    made = kartu("hsm", "init", "--json", data_dir=tmp_path)
    store = tmp_path / "hsm" / "keys.sealed"
    assert made.document == {"made": True, "store": str(store), "passphrase_file": str(store.with_name("passphrase"))}
    assert "DEVELOPMENT KEYS" in made.err
    assert (mode(store.parent), mode(store), mode(store.with_name("passphrase"))) == (0o700, 0o600, 0o600)
    before = store.read_bytes()
    assert kartu("hsm", "init", "--json", data_dir=tmp_path).document["made"] is False
    assert store.read_bytes() == before


def test_production_gets_no_keys_from_a_file(tmp_path: Path) -> None:
    ended = kartu("hsm", "init", "--json", data_dir=tmp_path, environment={"KARTU_ENV": "production"})
    assert (ended.code, ended.document["error"]["code"]) == (4, "hsm-software-keys-refused")
    assert not (tmp_path / "hsm" / "keys.sealed").exists()


def test_a_refusal_of_the_key_process_arrives_with_its_evidence(tmp_path: Path) -> None:
    (tmp_path / "hsm").mkdir(mode=0o700)
    (tmp_path / "hsm" / "passphrase").write_text("a passphrase that lies open")
    (tmp_path / "hsm" / "passphrase").chmod(0o644)
    ended = kartu("hsm", "init", "--json", data_dir=tmp_path)
    error = ended.document["error"]
    assert (ended.code, error["code"]) == (4, "hsm-passphrase-unusable")
    assert error["evidence"]["source"] == str(tmp_path / "hsm" / "passphrase")
    assert "0600" in error["evidence"]["rule"]


def test_a_folder_that_cannot_be_made(bare_desk: Desk) -> None:
    (bare_desk.folder / "hsm").write_text("a file")
    assert bare_desk.refused("hsm", "init", code=4) == "hsm-socket-unusable"


def test_start_without_keys_says_so(bare_desk: Desk) -> None:
    assert bare_desk.refused("hsm", "start", code=4) == "hsm-key-file-missing"


def test_what_the_key_process_refuses_at_its_start_has_cause_and_remedy_in_both_languages(tmp_path: Path) -> None:
    assert kartu("hsm", "init", data_dir=tmp_path).code == 0
    (tmp_path / "hsm" / "keys.sealed").chmod(0o644)
    ended = kartu("hsm", "start", data_dir=tmp_path)
    assert ended.code == 1
    told = ended.err[ended.err.index("hsm-key-file-unprotected") :].splitlines()[1:]
    assert [line.split(":")[0] for line in told] == ["  Sebab", "  Tindakan", "  Cause", "  Remedy"]


def test_status_of_a_process_that_answers(empty_desk: Desk, key_desk: KeyDesk) -> None:
    assert empty_desk.json("hsm", "status") == {"socket": str(key_desk.socket), "backend": "software"}
    assert str(key_desk.socket) in empty_desk("hsm", "status").out


def test_status_where_nobody_answers(bare_desk: Desk) -> None:
    assert bare_desk.refused("hsm", "status", code=4) == "hsm-down"


def test_start_with_json_is_one_document_and_the_process_itself(tmp_path: Path) -> None:
    assert kartu("hsm", "init", data_dir=tmp_path).code == 0
    with short_folder() as folder:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "reader_tools", "hsm", "start", "--json", "--workers", "3"),
                *("--serve-uid", str(os.geteuid()), "--serve-uid", "7", "--serve-group", str(os.getegid())),
            ],
            cwd=ROOT,
            env=own_environment(tmp_path, KARTU_HSM_SOCKET=str(folder / "run" / "s")),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if line == "ready\n":
                break
        status = kartu("hsm", "status", data_dir=tmp_path, environment={"KARTU_HSM_SOCKET": str(folder / "run" / "s")})
        assert status.code == 0
        assert len(workers_of(process)) == 3
        assert mode(folder / "run" / "s") == 0o660
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert f'"pid": {process.pid}' in out
    assert "ready" not in out


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A folder where somebody left a package named hsm."""
    (tmp_path / "hsm").mkdir()
    (tmp_path / "hsm" / "__main__.py").write_text("print('planted')")
    (tmp_path / "hsm" / "__init__.py").touch()
    return tmp_path


def run_in(folder: Path, line: list[str]) -> str:
    return subprocess.run(line, cwd=folder, env=environment(), capture_output=True, text=True, check=False).stdout


def test_a_package_where_the_user_stands_is_not_run(planted: Path) -> None:
    assert "The key process of kartu" in run_in(planted, command("hsm", "--help"))


def test_without_p_the_planted_package_would_run(planted: Path) -> None:
    """Sabotage control."""
    line = [word for word in command("hsm", "--help") if word != "-P"]
    assert run_in(planted, line) == "planted\n"


def test_the_own_environment_keeps_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    assert environment({"A": "b"})["A"] == "b"
    assert environment()["PYTHONPATH"] == f"{ROOT}{os.pathsep}/somewhere"


def test_a_socket_of_another_user_is_asked_nothing(desk: Desk) -> None:
    """Whoever else can listen there could answer as he likes: the desk names the user that runs the key process."""
    desk.set("KARTU_KEYS_UID", str(os.geteuid()))
    assert desk.json("hsm", "status")["backend"]
    desk.set("KARTU_KEYS_UID", str(os.geteuid() + 1))
    assert desk.refused("hsm", "status", code=4) == "hsm-caller-refused"
    desk.blank_card()
    desk.set("KARTU_KEYS_UID", str(os.geteuid()))
    order_id = desk.approved_order()
    desk.set("KARTU_KEYS_UID", str(os.geteuid() + 1))
    assert desk.refused("card", "personalize", order_id, "--pin-file", desk.pin_file(), code=4) == "hsm-caller-refused"
    assert "hsm-caller-refused" in desk("doctor", "--json").out
