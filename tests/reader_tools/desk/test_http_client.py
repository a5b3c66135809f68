# SPDX-License-Identifier: Apache-2.0
"""A service that is down, refuses, or is none: each a typed error, and keys that do not read are not kept."""

import gzip
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cardservice.clock import now
from cardservice.credentials import jwks
from cardservice.credentials.errors import CredentialError
from cardservice.keys import Purpose, VerifyingKey
from cardservice.texts.catalogue import Language
from hsm.in_process import InProcessKeys
from reader_tools.desk.errors import (
    AnswerMalformed,
    KeysNotCached,
    SecretUnreadable,
    ServiceProblem,
    ServiceUnreachable,
)
from reader_tools.desk.http_client import MAX_LENGTH, Service
from reader_tools.desk.key_cache import COVER_PROOF_KEYS, KeyCache
from reader_tools.desk.verifier_secret import read_secret

Serve = Callable[..., Service]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[HTTPServer] = []

    def answering(status: int, body: bytes, encoding: str = "identity") -> Service:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.do_GET()

            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Encoding", encoding)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return Service(f"http://127.0.0.1:{server.server_address[1]}", "kjs_secret", Language.ENGLISH)

    yield answering
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_answer_comes_back_as_it_is(serve: Serve) -> None:
    assert serve(200, b'{"outcome": "COVERED"}').ask("/v1/verifications", {}) == {"outcome": "COVERED"}


def test_a_problem_document_becomes_an_error_with_its_own_words(serve: Serve) -> None:
    body = json.dumps({"code": "challenge-not-valid", "title": "No.", "detail": "Tap again.", "status": 409}).encode()
    with pytest.raises(ServiceProblem) as caught:
        serve(409, body).ask("/v1/verifications", {})
    assert dict(caught.value.evidence) == {
        "status": 409,
        "problem": "challenge-not-valid",
        "title": "No.",
        "detail": "Tap again.",
    }


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff"])
@pytest.mark.parametrize("status", [200, 502])
def test_what_is_no_json_object_is_no_answer(serve: Serve, status: int, body: bytes) -> None:
    with pytest.raises(AnswerMalformed):
        serve(status, body).ask("/v1/challenges", {})


def test_a_line_that_is_down_is_said_so() -> None:
    with pytest.raises(ServiceUnreachable):
        Service("http://127.0.0.1:9", "kjs_secret").ask("/v1/challenges", {})


def test_a_secret_shows_nowhere() -> None:
    assert "kjs_secret" not in repr(Service("http://127.0.0.1:9", "kjs_secret"))


def test_keys_are_kept_and_a_set_that_does_not_read_does_not_replace_them(serve: Serve, tmp_path: Path) -> None:
    ticks = iter(range(10**6))
    keys = InProcessKeys.with_new_keys(clock=now, monotonic=lambda: float(next(ticks)), randomness=secrets.token_bytes)
    good: list[VerifyingKey] = keys.verifying_keys(Purpose.COVER_PROOF)
    cache = KeyCache(tmp_path / "keys")
    with pytest.raises(KeysNotCached):
        cache.cover_proof_keys()
    cache.refresh(serve(200, jwks.encode(good)))
    assert cache.cover_proof_keys() == good
    before = (tmp_path / "keys" / COVER_PROOF_KEYS).read_bytes()
    with pytest.raises(CredentialError):
        cache.refresh(serve(200, b'{"keys": [{"kty": "oct", "k": "AA"}]}'))
    assert (tmp_path / "keys" / COVER_PROOF_KEYS).read_bytes() == before


def test_a_secret_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("kjs_abc\n")
    file.chmod(0o640)
    with pytest.raises(SecretUnreadable, match="0600"):
        read_secret(file)
    file.chmod(0o600)
    assert read_secret(file) == "kjs_abc"


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 300, b"\xff\xfe"])
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(SecretUnreadable):
        read_secret(file)


def test_a_secret_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecretUnreadable):
        read_secret(tmp_path / "nothing")


def test_an_older_key_set_does_not_bring_a_withdrawn_key_back(serve: Serve, tmp_path: Path) -> None:
    """The set of before, from a stale mirror or from whoever has the stolen key; what the desk was told by name stays away."""
    ticks = iter(range(10**6))
    keys = InProcessKeys.with_new_keys(clock=now, monotonic=lambda: float(next(ticks)), randomness=secrets.token_bytes)
    stolen, successor = keys.verifying_keys(Purpose.COVER_PROOF)
    before = serve(200, jwks.encode([stolen, successor]))
    told = KeyCache(tmp_path / "keys", frozenset({stolen.kid}))
    told.refresh(before)
    assert told.cover_proof_keys() == told.offline_keys(now()) == [successor]
    # The control: a desk that was told nothing believes it again.
    assert KeyCache(tmp_path / "keys").cover_proof_keys() == [stolen, successor]


def test_an_answer_without_end_or_blown_up_is_no_answer(serve: Serve) -> None:
    with pytest.raises(AnswerMalformed, match="at most"):
        serve(200, b" " * (MAX_LENGTH + 1)).fetch("/.well-known/jwks.json")
    assert serve(200, b" " * MAX_LENGTH).fetch("/.well-known/jwks.json") == b" " * MAX_LENGTH
    bomb = serve(200, gzip.compress(bytes(50 * MAX_LENGTH)), "gzip")
    with pytest.raises(AnswerMalformed, match="not compressed"):
        bomb.fetch("/.well-known/jwks.json")
