# SPDX-License-Identifier: Apache-2.0
"""The real program beside the real key process: ``python -m api`` and ``python -m hsm``, over TCP and a UNIX socket."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from applets.virtual.card import VirtualCard
from cardservice.clock import now
from cardservice.credentials import eligibility_token, jwks
from cardservice.records.database import open_database
from cardservice.records.schema import upgrade
from cardservice.records.verifiers import VerifierKind
from hsm.client.key_process import KeyProcess
from tests.api.served import ASKED, bearer, code_of, presented, tap
from tests.databases import migrated_sqlite, postgresql_cluster, postgresql_url, sqlite_url
from tests.hsm.running import ROOT, hsm_process, run_hsm, short_folder
from tests.records import rows
from tests.verification.world import HEALTH, IssuedCard, hand_over, issue_card, take_in

__all__ = ["migrated_sqlite", "postgresql_cluster", "postgresql_url", "sqlite_url"]


@dataclass
class Running:
    """A service that listens, and a member whose card is in reach."""

    client: httpx.Client
    process: "subprocess.Popen[str]"
    card: IssuedCard
    secret: str
    folder: Path

    def verify(self, card: VirtualCard) -> httpx.Response:
        asked = self.client.post("/v1/challenges", json=ASKED, headers=bearer(self.secret))
        assert asked.status_code == 201, asked.text
        body = presented(asked.json(), tap(card, asked.json()))
        return self.client.post("/v1/verifications", json=body, headers=bearer(self.secret))


def environment(folder: Path, url: str, **more: str) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("KARTU_")}
    return (
        known
        | {
            "KARTU_ENV": "test",
            "KARTU_DATABASE_URL": url,
            "KARTU_KEYS_SOCKET": str(folder / "run" / "s"),
            "KARTU_LISTEN": "127.0.0.1:0",
            "KARTU_ISSUER": "https://kartu.example",
        }
        | more
    )


@contextmanager
def api_process(folder: Path, url: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """``python -m api`` and its address."""
    with (folder / "api.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "api"],
            cwd=ROOT,
            env=environment(folder, url),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("listening http://127.0.0.1:"), (folder / "api.log").read_text()
        yield process, line.split()[1]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    url: str = request.getfixturevalue(f"{request.param}_url")
    with ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        made = run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass")
        assert made.returncode == 0, made.stderr
        stack.enter_context(hsm_process(folder))
        with KeyProcess(folder / "run" / "s") as keys:
            card = issue_card(keys, 1, at=now().replace(microsecond=0))
        database = open_database(url)
        hand_over(database, card)
        secret = take_in(database, 1, VerifierKind.HEALTH_FACILITY, HEALTH)
        database.close()
        process, address = stack.enter_context(api_process(folder, url))
        client = stack.enter_context(httpx.Client(base_url=address, timeout=10, trust_env=False))
        yield Running(client, process, card, secret, folder)


def raw(address: httpx.URL, sent: bytes) -> httpx.Response:
    """The answer to bytes that no client library would send."""
    with socket.create_connection((address.host, address.port or 0), timeout=10) as connection:
        connection.sendall(sent)
        with connection.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")
    line, *headers = head.decode("ascii").split("\r\n")
    return httpx.Response(
        int(line.split()[1]),
        headers=[(name, value) for name, _, value in (each.partition(": ") for each in headers)],
        content=body,
    )


def test_a_card_is_verified_by_the_running_service(running: Running) -> None:
    ready = running.client.get("/readyz")
    assert ready.json() == {"status": "ready", "database": "ok", "keys": "ok", "rule_pack": 1}
    assert "date" in ready.headers  # the desk's clock probe reads it

    answer = running.verify(running.card.insert())
    assert answer.status_code == 200, answer.text
    told = answer.json()
    keys = jwks.decode(running.client.get("/.well-known/jwks.json").content)
    token = eligibility_token.verify(
        told["token"],
        keys=keys,
        issuer="https://kartu.example",
        audience=rows.identifier("verifier", 1),
        now=now(),
    )
    # The member is paid through November 2026, grace through February 2027.
    assert token.covered is (token.as_of <= date(2027, 2, 28))

    assert code_of(running.verify(running.card.clone())) == "tap-refused"

    for bytes_sent in (
        b"BREW /v1/challenges HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ):
        assert code_of(raw(running.client.base_url, bytes_sent)) == "request-unreadable"

    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0
    assert "Traceback" not in (running.folder / "api.log").read_text()


def refused(folder: Path, **changed: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "api"],
        cwd=ROOT,
        env=environment(folder, f"sqlite:///{folder / 'kartu.db'}", **changed),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"KARTU_LISTEN": "nowhere"}, "KARTU_LISTEN"),
        ({"KARTU_ENV": "prod"}, "KARTU_ENV"),
        ({"KARTU_ENV": "production", "KARTU_ISSUER": "http://kartu.example"}, "KARTU_ISSUER"),
        ({"KARTU_DATABASE_URL": "mysql://db/kartu"}, "database-unsupported"),
        ({"KARTU_DATABASE_URL": "sqlite:////nonexistent/kartu.db"}, "database-unavailable"),
    ],
)
def test_a_wrong_setting_ends_it_with_one_sentence(tmp_path: Path, changed: dict[str, Any], named: str) -> None:
    ended = refused(tmp_path, **changed)
    assert ended.returncode == 1
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path / 'kartu.db'}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = refused(tmp_path, KARTU_LISTEN=f"127.0.0.1:{taken.getsockname()[1]}")
    assert ended.returncode == 1
    assert "KARTU_LISTEN" in ended.stderr
