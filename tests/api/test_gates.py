# SPDX-License-Identifier: Apache-2.0
"""What a request passes before a route sees it, and what no answer leaves without."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from api.errors import RequestMalformed
from api.gate.admission import Admission
from api.gate.body import MAX_BODY
from api.gate.strict_json import MAX_DEPTH, decode_object
from tests.api.served import ASKED, BASE, Service, bearer, code_of

DEEP = "[" * MAX_DEPTH + "]" * MAX_DEPTH


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"{} {}", "JSON"),
        (b"\xff\xfe{\x00}\x00", "JSON"),
        (b"\xef\xbb\xbf{}", "JSON"),
        (b"[]", "object"),
        (b"null", "object"),
        (b'"x"', "object"),
        (b'{"a": 1, "a": 1}', "each member once"),
        (b'{"a": {"b": 1, "b": 2}}', "each member once"),
        (b'{"a": 1.0}', "whole numbers only"),
        (b'{"a": 1e3}', "whole numbers only"),
        (b'{"a": NaN}', "whole numbers only"),
        (b'{"a": -Infinity}', "whole numbers only"),
        (b'{"a": ' + b"9" * 21 + b"}", "whole numbers of at most 20 digits"),
        (f'{{"a": {DEEP}}}'.encode(), "depth"),
        (b"[" * 30_000, "depth"),
        (b'{"a":' * 10_000, "depth"),
    ],
)
def test_a_body_that_is_no_strict_object_is_a_documented_problem(
    service: Service, secret: str, body: bytes, rule: str
) -> None:
    answer = service.post("/v1/challenges", body, secret)
    assert (answer.status_code, code_of(answer)) == (400, "request-malformed")
    assert answer.json()["rule"] == rule


def test_twenty_levels_pass_and_brackets_in_texts_do_not_count() -> None:
    inner = DEEP[1:-1]
    assert decode_object(f'{{"a": {inner}}}'.encode())
    assert decode_object(('{"a": "\\"' + "[" * 100 + '"}').encode()) == {"a": '"' + "[" * 100}


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_malformed(body: bytes) -> None:
    with suppress(RequestMalformed):
        assert type(decode_object(body)) is dict


def test_a_body_of_64_kb_is_read_and_one_byte_more_is_not(service: Service, secret: str) -> None:
    padded = b'{"a":"' + b"x" * (MAX_BODY - 8) + b'"}'
    assert len(padded) == MAX_BODY
    assert code_of(service.post("/v1/challenges", padded, secret)) == "request-invalid"
    answer = service.post("/v1/challenges", padded + b" ", secret)
    assert (answer.status_code, code_of(answer)) == (413, "request-too-large")


def test_a_body_without_an_announced_length_is_counted(service: Service, secret: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    headers = {"Content-Type": "application/json", **bearer(secret)}
    answer = service.request("POST", "/v1/challenges", content=endless(), headers=headers)
    assert code_of(answer) == "request-too-large"


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/json; charset=latin-1",
        'application/json; charset="utf-16"',
    ],
)
def test_only_json_is_read(service: Service, secret: str, media_type: str) -> None:
    answer = service.post("/v1/challenges", ASKED, secret, {"Content-Type": media_type})
    assert (answer.status_code, code_of(answer)) == (415, "request-media-type")


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
def test_a_compressed_body_is_not_taken_for_a_plain_one(service: Service, secret: str, encoding: str) -> None:
    answer = service.post("/v1/challenges", ASKED, secret, {"Content-Encoding": encoding})
    assert (answer.status_code, code_of(answer)) == (415, "request-media-type")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("body", [b"", b"{"])
def test_where_no_route_is_the_body_does_not_matter(service: Service, secret: str, method: str, body: bytes) -> None:
    wrong_method = service.request(method, "/v1/challenges", content=body, headers=bearer(secret))
    assert (code_of(wrong_method), wrong_method.headers["allow"]) == ("method-not-allowed", "POST")
    assert code_of(service.request(method, "/v1/nowhere", content=body, headers=bearer(secret))) == "route-unknown"
    assert code_of(service.request("POST", "/v1/nowhere", content=body, headers=bearer(secret))) == "route-unknown"


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", 'application/json;charset="UTF-8"', "Application/JSON"]
)
def test_json_by_any_spelling(service: Service, secret: str, media_type: str) -> None:
    assert service.post("/v1/challenges", ASKED, secret, {"Content-Type": media_type}).status_code == 201


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "", "testserver@evil.example", "[::1"])
def test_another_host_is_refused(service: Service, host: str) -> None:
    answer = service.get("/healthz", Host=host)
    assert (answer.status_code, code_of(answer)) == (400, "request-host")


@pytest.mark.parametrize(
    "host", ["testserver", "TESTSERVER:80", "localhost:8080", "127.0.0.1:9", "[::1]:8080", "[::1]"]
)
def test_our_hosts_are_served(service: Service, host: str) -> None:
    assert service.get("/healthz", Host=host).status_code == 200


def test_any_host_where_it_is_set_so(service: Service) -> None:
    open_to_all = replace(service, settings=replace(service.settings, allowed_hosts=frozenset({"*"})))
    assert open_to_all.get("/healthz", Host="anything.example").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/nowhere", "/.well-known/jwks.json"])
def test_no_answer_leaves_without_its_headers(service: Service, path: str) -> None:
    headers = service.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers
    assert "strict-transport-security" not in headers


def test_production_demands_tls(service: Service) -> None:
    production = replace(service, settings=replace(service.settings, environment="production"))
    assert production.get("/healthz").headers["strict-transport-security"].startswith("max-age=")


def test_admission_tells_the_one_too_many_to_come_back_and_takes_it_then() -> None:
    async def play() -> None:
        going, let_go = asyncio.Event(), asyncio.Event()

        async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
            going.set()
            await let_go.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        transport = httpx.ASGITransport(Admission(slow, at_once=1))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            first = asyncio.create_task(client.post("/v1/challenges"))
            await going.wait()
            second = await client.post("/v1/challenges")
            assert (second.status_code, code_of(second), second.headers["retry-after"]) == (503, "overloaded", "1")
            health = asyncio.create_task(client.get("/healthz"))
            let_go.set()
            assert (await first).status_code == (await health).status_code == 200
            assert (await client.post("/v1/challenges")).status_code == 200

    asyncio.run(play())


def test_admission_gives_the_place_back_after_a_failure() -> None:
    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    async def play() -> None:
        admission = Admission(failing, at_once=1)
        nothing: Any = None
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await admission({"type": "http", "path": "/v1/x", "headers": []}, nothing, nothing)

    asyncio.run(play())
