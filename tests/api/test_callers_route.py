# SPDX-License-Identifier: Apache-2.0
"""Without a verifier's secret nothing is answered, and nothing tells why."""

import pytest

from tests.api.served import ASKED, Service, code_of

UNKNOWN = "kjs_" + 43 * "A"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {UNKNOWN}",
        f"Bearer {UNKNOWN}",
        f"Bearer  {UNKNOWN}",
        "Bearer kjs_short",
        "Bearer \xff\xfe",
        f"{UNKNOWN}",
    ],
)
@pytest.mark.parametrize("path", ["/v1/challenges", "/v1/verifications"])
def test_no_secret_no_answer(service: Service, path: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    answer = service.request("POST", path, json=ASKED, headers=headers)
    assert (answer.status_code, code_of(answer)) == (401, "caller-unknown")
    assert answer.headers["www-authenticate"] == 'Bearer realm="kartu"'


def test_two_authorization_headers_are_none(service: Service, secret: str) -> None:
    headers = [("Authorization", f"Bearer {secret}"), ("Authorization", f"Bearer {UNKNOWN}")]
    assert code_of(service.request("POST", "/v1/challenges", json=ASKED, headers=headers)) == "caller-unknown"


def test_the_scheme_has_no_case(service: Service, secret: str) -> None:
    answer = service.request("POST", "/v1/challenges", json=ASKED, headers={"Authorization": f"bearer {secret}"})
    assert answer.status_code == 201


def test_no_answer_and_no_header_repeats_the_secret(service: Service, secret: str) -> None:
    answer = service.post("/v1/challenges", ASKED | {"terminal_id": f"{secret} "}, secret)
    assert answer.status_code == 422
    assert secret not in answer.text
    assert secret not in str(answer.headers)
