# SPDX-License-Identifier: Apache-2.0
"""``kartu desk``: published, fetched, asked with the line down; an older list or a stranger's key is refused, and what is here stays."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from cardservice.clock import now
from tests.reader_tools.cli.desk import Desk, KeyDesk

WITHDRAWN = "card-ca-withdrawn.json"
Serve = Callable[[Path], None]


class WellKnown(SimpleHTTPRequestHandler):
    """A mirror: the published folder under its well-known addresses, problems as no service of ours would tell them."""

    def do_GET(self) -> None:
        self.path = self.path.removeprefix("/.well-known")
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve(desk: Desk) -> Iterator[Serve]:
    """From now on the desk's service hands out this folder."""
    servers: list[HTTPServer] = []

    def serving(folder: Path) -> None:
        server = HTTPServer(("127.0.0.1", 0), partial(WellKnown, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        desk.set("KARTU_API_URL", f"http://127.0.0.1:{server.server_address[1]}")

    yield serving
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def publish(desk: Desk, key_desk: KeyDesk) -> Callable[[str], Path]:
    """What the scheme publishes now, into a new folder; the desk goes back to its own."""

    def made(name: str) -> Path:
        desk.set("KARTU_DATA_DIR", key_desk.folder)
        desk.json("keys", "publish", desk.folder / name)
        desk.set("KARTU_DATA_DIR", desk.folder)
        return desk.folder / name

    return made


def audit_key(web: Path) -> str:
    """Of the key that signs now, as the ceremony's transcript has it. Others may have rotated this scheme's keys before."""
    named, *_ = json.loads((web / WITHDRAWN).read_bytes())["statement"]["audit_keys"]
    return str(named)


def test_a_desk_fetches_and_remembers(desk: Desk, serve: Serve, publish: Callable[[str], Path]) -> None:
    desk.set("KARTU_ISSUER", "https://kartu.example")  # the scheme, whichever mirror it is fetched from
    assert desk.json("desk", "show")["withdrawals"]["number"] is None
    assert "list of withdrawals: none" in desk("desk", "show").out
    first, second = publish("first"), publish("second")
    serve(first)
    assert desk.refused("desk", "refresh", "--audit-key", "0" * 64, code=1) == "ca-withdrawals-refused"
    begun = desk.json("desk", "refresh", "--audit-key", audit_key(first))
    assert (begun["first"], begun["withdrawals"]["fresh"], begun["cover_proof_keys"]) == (True, True, 2)
    serve(second)
    assert "remembers no list before" not in desk("desk", "refresh").out
    number = desk.json("desk", "show")["withdrawals"]["number"]
    assert number > begun["withdrawals"]["number"]

    serve(first)
    said = desk("desk", "refresh")
    assert (said.code, "ca-withdrawals-older" in said.err, str(number) in said.err) == (1, True, True)
    desk.set("KARTU_API_URL", "http://127.0.0.1:9")
    assert desk.refused("desk", "refresh", code=4) == "service-unreachable"
    assert desk.json("desk", "show")["withdrawals"]["number"] == number
    assert desk("desk", "refresh", "--audit-key", "none").code == 2

    # A memory that was lost is told: whatever comes next is the first list here.
    shutil.rmtree(desk.folder / "seen")
    serve(first)
    assert "remembers no list before" in desk("desk", "refresh").out


def test_what_is_answered_off_line_goes_by_it(desk: Desk, serve: Serve, publish: Callable[[str], Path]) -> None:
    desk.issued_card()
    assert desk.refused("card", "verify", "--offline", code=4) == "keys-not-cached"
    serve(publish("web"))
    number = desk.json("desk", "refresh")["withdrawals"]["number"]
    desk.set("KARTU_ISSUER", json.loads(next((desk.folder / "seen").glob("*.json")).read_bytes())["scheme"])
    desk.set("KARTU_API_URL", "http://127.0.0.1:9")
    told = desk.json("card", "verify", "--offline")
    assert (told["withdrawals"]["number"], told["withdrawals"]["fresh"]) == (number, True)
    assert desk.json("card", "certificate")["withdrawals_number"] == number
    # A clock set back would make what has run out valid again.
    (desk.folder / "clock-seen").write_text((now() + timedelta(days=1)).isoformat())
    assert desk.refused("card", "verify", "--offline", code=4) == "desk-clock-back"
    (desk.folder / "clock-seen").unlink()
    # Nothing here knows of a key that was withdrawn since: in the end this desk's own copy is too old to go by.
    kept = desk.folder / "keys" / "cover-proof-keys.json"
    for days, refused in ((-36, "keys-too-old"), (1, "desk-clock-back")):
        at = (now() + timedelta(days=days)).timestamp()
        os.utime(kept, (at, at))
        assert desk.refused("card", "verify", "--offline", code=4) == refused
