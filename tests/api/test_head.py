# SPDX-License-Identifier: Apache-2.0
"""HEAD on whatever has GET: the same headers, no body; and 405 elsewhere, which names what is allowed."""

import pytest

from tests.api.served import Service, code_of

READ = (
    "/healthz",
    "/readyz",
    "/.well-known/jwks.json",
    "/.well-known/cover-proof-keys.json",
    "/.well-known/receipt-keys.json",
    "/.well-known/card-ca.pem",
    "/.well-known/card-ca-withdrawn.json",
    "/.well-known/audit-keys.json",
    "/openapi.json",
)


@pytest.mark.parametrize("path", READ)
def test_head_has_the_headers_of_get_and_no_body(service: Service, path: str) -> None:
    got, head = service.request("GET", path), service.request("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == got.headers
    assert int(head.headers["content-length"]) == len(got.content) > 0


def test_a_watcher_of_keys_is_told_that_nothing_changed(service: Service) -> None:
    path = READ[2]
    etag = service.request("HEAD", path).headers["etag"]
    assert service.request("HEAD", path, headers={"If-None-Match": etag}).status_code == 304


def test_head_where_there_is_no_get(service: Service) -> None:
    head = service.request("HEAD", "/v1/challenges")
    assert (head.status_code, head.headers["allow"], head.content) == (405, "POST", b"")
    assert service.request("HEAD", "/nowhere").status_code == 404


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_what_is_not_allowed_names_what_is(service: Service, method: str) -> None:
    refused = service.request(method, "/healthz", headers={"Content-Type": "application/json"}, content=b"{}")
    assert (refused.status_code, code_of(refused), refused.headers["allow"]) == (405, "method-not-allowed", "GET, HEAD")
