# SPDX-License-Identifier: Apache-2.0
"""``kartu serve``: the service in the foreground over this machine's database and keys."""

import shutil
import signal
import subprocess
import sys

import httpx

from tests.reader_tools.cli.desk import Desk, KeyDesk, own_environment
from tests.reader_tools.command_line import ROOT


def test_without_a_database_it_says_so_and_makes_none(bare_desk: Desk) -> None:
    assert bare_desk.refused("serve", code=4) == "schema-behind"
    assert not (bare_desk.folder / "kartu.db").exists()


def test_it_makes_the_database_serves_what_is_published_and_stops(bare_desk: Desk, key_desk: KeyDesk) -> None:
    """``kartu keys publish`` and ``kartu serve`` mean the same folder where none is named."""
    bare_desk.set("KARTU_DATA_DIR", key_desk.folder)
    assert "list of withdrawals" in bare_desk("keys", "publish").out
    web = shutil.copytree(key_desk.folder / "published", bare_desk.folder / "published")
    process = subprocess.Popen(
        [sys.executable, "-m", "reader_tools", "serve", "--upgrade", "--listen", "127.0.0.1:0", "--json"],
        cwd=ROOT,
        env=own_environment(bare_desk.folder, KARTU_HSM_SOCKET=str(key_desk.socket)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        url = next(line.split()[1] for line in process.stderr if line.startswith("listening "))
        assert httpx.get(f"{url}/readyz", timeout=10).status_code == 200
        for name in ("card-ca.pem", "card-ca-withdrawn.json", "audit-keys.json"):
            assert httpx.get(f"{url}/.well-known/{name}", timeout=10).content == (web / name).read_bytes()
    finally:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f'"pid": {process.pid}' in out
    assert "listening" not in out
    assert (bare_desk.folder / "kartu.db").is_file()


def test_an_address_that_is_none(empty_desk: Desk, key_desk: KeyDesk) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reader_tools", "serve", "--listen", "nowhere"],
        cwd=ROOT,
        env=own_environment(empty_desk.folder, KARTU_HSM_SOCKET=str(key_desk.socket)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "KARTU_LISTEN" in done.stderr
    assert "Traceback" not in done.stderr
