# SPDX-License-Identifier: Apache-2.0
"""``kartu doctor``: each of its nine conditions made to happen for real, and told apart from the others."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cardservice.texts.catalogue import catalogue
from reader_tools.pcsc.readers import CardPresence
from tests.private_pcscd import PrivatePcscd, require
from tests.reader_tools.command_line import ROOT, Ended, kartu
from tests.reader_tools.conftest import Settled
from tests.reader_tools.raw_card import RawCard

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), Path("libfaketime is not here"))
at_pcscd = pytest.mark.needs("pcscd", "pyscard")


def doctor(data_dir: Path, environment: Mapping[str, str] | None = None, **how: Any) -> Ended:
    return kartu("doctor", "--json", data_dir=data_dir, environment=environment, **how)


def found(ended: Ended, part: str) -> dict[str, Any]:
    """The one finding about a part; every finding has its words in the catalogue."""
    assert "findings" in ended.document, ended.out
    findings: list[dict[str, Any]] = ended.document["findings"]
    assert all(finding["code"] in catalogue() for finding in findings)
    assert all(finding["cause"] and finding["remedy"] for finding in findings)
    (finding,) = (finding for finding in findings if finding["part"] == part)
    return finding


@pytest.fixture
def pcsc_env(running_pcscd: PrivatePcscd) -> dict[str, str]:
    return running_pcscd.environment | {"KARTU_READER": "pcsc"}


def test_library_missing(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden" / "smartcard"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError(name='smartcard')")
    ended = doctor(tmp_path, {"PYTHONPATH": str(hidden.parent), "KARTU_READER": "pcsc"})
    finding = found(ended, "library")
    assert (finding["level"], finding["code"]) == ("fail", "reader-library-missing")
    assert "pip install 'pyscard" in finding["remedy"]
    assert ended.code == 3
    assert not [row for row in ended.document["findings"] if row["part"] == "reader-service"]


@pytest.mark.needs("pyscard")
def test_daemon_down(tmp_path: Path) -> None:
    environment = {"PCSCLITE_CSOCK_NAME": str(tmp_path / "nobody.comm"), "KARTU_READER": "pcsc"}
    ended = doctor(tmp_path, environment)
    finding = found(ended, "reader-service")
    assert (finding["level"], finding["code"]) == ("fail", "reader-service-down")
    assert "systemctl restart pcscd" in finding["remedy"]
    assert ended.code == 3


@at_pcscd
def test_access_denied(tmp_path: Path, running_pcscd: PrivatePcscd, pcsc_env: dict[str, str]) -> None:
    """The socket's mode refuses: root minus the right to override modes is as good a stranger as any."""
    running_pcscd.socket.chmod(0)
    try:
        stranger = [
            "setpriv",
            "--bounding-set=-dac_override,-dac_read_search",
            "--inh-caps=-dac_override,-dac_read_search",
        ]
        ended = doctor(tmp_path, pcsc_env, prefix=stranger)
    finally:
        running_pcscd.socket.chmod(0o666)
    finding = found(ended, "reader-service")
    assert (finding["level"], finding["code"]) == ("fail", "reader-access-denied")
    assert "polkit" in finding["remedy"]


@at_pcscd
def test_no_reader(tmp_path: Path) -> None:
    require()
    with PrivatePcscd(readers=False) as service:
        ended = doctor(tmp_path, service.environment | {"KARTU_READER": "pcsc"})
    assert (found(ended, "reader")["level"], found(ended, "reader")["code"]) == ("fail", "reader-none")
    assert found(ended, "reader-service")["code"] == "reader-service-ok"


@at_pcscd
def test_no_card(tmp_path: Path, pcsc_env: dict[str, str]) -> None:
    ended = doctor(tmp_path, pcsc_env)
    assert (found(ended, "card")["level"], found(ended, "card")["code"]) == ("warn", "card-none")
    assert found(ended, "reader")["code"] == "reader-ok"


@at_pcscd
def test_mute_card(tmp_path: Path, pcscd: PrivatePcscd, pcsc_env: dict[str, str], settled: Settled) -> None:
    awake = threading.Event()
    answered = threading.Event()

    def never(_command: bytes) -> bytes:
        awake.wait(600)
        answered.set()
        return b"\x90\x00"

    with RawCard(pcscd.port, never):
        settled(CardPresence.PRESENT)
        ended = doctor(tmp_path, pcsc_env)
        assert not answered.is_set()
        awake.set()
    assert (found(ended, "card")["level"], found(ended, "card")["code"]) == ("fail", "card-timeout")
    assert ended.code == 3


@at_pcscd
def test_a_card_that_answers(tmp_path: Path, pcscd: PrivatePcscd, pcsc_env: dict[str, str], settled: Settled) -> None:
    with RawCard(pcscd.port, lambda _: b"\x6a\x82"):
        settled(CardPresence.PRESENT)
        assert found(doctor(tmp_path, pcsc_env), "card")["code"] == "card-ok"


def test_key_process_down(tmp_path: Path) -> None:
    ended = doctor(tmp_path)
    finding = found(ended, "keys")
    assert (finding["level"], finding["code"]) == ("fail", "hsm-down")
    assert "kartu hsm" in finding["remedy"]
    assert ended.code == 4


@pytest.fixture(scope="module")
def key_process() -> Iterator[Path]:
    """A real key process; the folder's path must be short enough for a socket."""
    folder = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    store: list[str | Path] = ["--store", folder / "keys.sealed", "--passphrase-file", folder / "passphrase"]
    start = [sys.executable, "-m", "hsm"]
    subprocess.run([*start, "--init", *store], cwd=ROOT, check=True, capture_output=True)
    running = subprocess.Popen(
        [*start, *store, "--socket", folder / "keys.sock"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (folder / "keys.sock").exists():
        assert running.poll() is None
        time.sleep(0.05)
    yield folder / "keys.sock"
    running.terminate()
    running.wait(10)
    shutil.rmtree(folder)


def test_a_key_process_that_answers(tmp_path: Path, key_process: Path) -> None:
    finding = found(doctor(tmp_path, {"KARTU_HSM_SOCKET": str(key_process)}), "keys")
    assert (finding["level"], finding["code"]) == ("ok", "keys-ok")


def test_clock_off(tmp_path: Path) -> None:
    """The clock was seen ahead of now, so now it has been set back."""
    (tmp_path / "clock-seen").write_text((datetime.now(UTC) + timedelta(days=2)).isoformat())
    ended = doctor(tmp_path)
    finding = found(ended, "clock")
    assert (finding["level"], finding["code"]) == ("fail", "clock-off")
    assert "timedatectl" in finding["remedy"]
    assert ended.code == 4


@pytest.mark.needs("libfaketime")
def test_clock_off_by_a_dead_battery(tmp_path: Path) -> None:
    """A machine that wakes up in the year 2000, with nothing remembered.

    Only the probe runs under the false clock: libfaketime makes time.sleep, and so the wait for any process, fail now and then.
    """
    program = (
        "import sys, pathlib; from cardservice.clock import now; from reader_tools.probes.clock import probe_clock\n"
        "found = probe_clock(now(), pathlib.Path(sys.argv[1])); print(now().year, found.code, found.evidence['witness'])"
    )
    environment = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "@2000-01-01 00:00:00", "NO_FAKE_STAT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["2000", "clock-off", "files"]


def test_the_virtual_desk_needs_no_pcscd(tmp_path: Path) -> None:
    """What is wrong with PC/SC is only worth knowing where the virtual reader is used."""
    kartu("card", "virtual", "insert", data_dir=tmp_path)
    ended = doctor(tmp_path, {"PCSCLITE_CSOCK_NAME": str(tmp_path / "nobody.comm")})
    levels = {(row["part"], row["level"]) for row in ended.document["findings"]}
    assert ("card", "ok") in levels
    assert not {("library", "fail"), ("reader-service", "fail")} & levels


def test_words_for_people(tmp_path: Path) -> None:
    ended = kartu("doctor", data_dir=tmp_path, environment={"KARTU_LANGUAGE": "en"})
    assert "fail hsm-down" in ended.out
    assert "-> Start the key process" in ended.out
    assert "{" not in ended.out
