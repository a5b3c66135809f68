# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent, the answer is a documented one."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.documentation import PROBLEMS
from api.field_rules import OTHERWISE
from cardservice.credentials.base64url import encode
from cardservice.texts.catalogue import text
from tests.api.served import ASKED, Service, code_of, presented, tap, verified
from tests.verification.world import IssuedCard, World

# The world lives on from example to example on purpose: what one request leaves behind must not break the next.
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=70)
    | st.sampled_from(
        [
            "treatment",
            "fare",
            "JKK",
            "JKP",
            "2026-11-23",
            "2026-02-30",
            "",
            "loket-3",
            "loket\u0000",
            "💳",
            "-",
            "A" * 65,
        ]
    )
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@pytest.fixture
def clinic(service: Service, secret: str, sari: IssuedCard) -> tuple[Service, str, dict[str, Any]]:
    challenge = service.challenge(secret)
    return service, secret, presented(challenge, tap(sari.insert(), challenge))


@SLOW
@given(
    changed=st.dictionaries(st.sampled_from([*ASKED, "service_date", "event_at", "nik", ""]), VALUES, max_size=3),
    dropped=st.sets(st.sampled_from([*ASKED])),
)
def test_any_challenge_request(service: Service, secret: str, changed: dict[str, Any], dropped: set[str]) -> None:
    body = {name: value for name, value in ASKED.items() if name not in dropped} | changed
    answer = service.post("/v1/challenges", json.dumps(body).encode(), secret)
    if answer.status_code != 201:
        assert code_of(answer) in PROBLEMS["createChallenge"]
        assert answer.status_code < 500
        assert text(OTHERWISE).cause_id not in str(answer.json())  # each rule has words of its own


@SLOW
@given(data=st.data())
def test_any_verification_request(clinic: tuple[Service, str, dict[str, Any]], data: st.DataObject) -> None:
    service, secret, good = clinic
    changed = data.draw(st.dictionaries(st.sampled_from([*good, "nik"]), VALUES, min_size=1, max_size=3))
    answer = service.post("/v1/verifications", good | changed, secret)
    assert code_of(answer) in PROBLEMS["createVerification"]
    assert answer.status_code < 500


@SLOW
@given(answers=st.lists(st.binary(min_size=2, max_size=258) | st.just(b"\x90\x00"), max_size=5))
def test_any_answers_of_a_card_in_a_renewal(
    service: Service, secret: str, sari: IssuedCard, answers: list[bytes]
) -> None:
    receipt = verified(service, secret, sari).json()["receipt"]["receipt_id"]
    body = {"receipt_id": receipt, "responses": [encode(each) for each in answers]}
    answer = service.post("/v1/renewals", body, secret)
    if answers:
        assert code_of(answer) == "renewal-refused"
    else:
        assert answer.json()["state"] == "GO_ON"


@SLOW
@given(signature=st.binary(min_size=64, max_size=64), proof=st.binary(min_size=1, max_size=231))
def test_well_formed_nonsense_is_refused_and_recorded(
    service: Service, world: World, secret: str, signature: bytes, proof: bytes
) -> None:
    before = len(world.trail())
    challenge = service.challenge(secret)
    body = {name: challenge[name] for name in ("challenge", "terminal_id", "purpose", "sector")}
    answer = service.post(
        "/v1/verifications", body | {"cover_proof": encode(proof), "signature": encode(signature)}, secret
    )
    assert code_of(answer) == "cover-proof-refused"
    assert len(world.trail()) == before + 1


@SLOW
@given(body=st.binary(max_size=300))
def test_any_bytes(service: Service, secret: str, body: bytes) -> None:
    for path, operation in (("/v1/challenges", "createChallenge"), ("/v1/verifications", "createVerification")):
        answer = service.post(path, body, secret)
        assert code_of(answer) in PROBLEMS[operation]
        assert answer.status_code < 500


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("terminal_id", ""),
        ("terminal_id", "a" * 65),
        ("terminal_id", "loket\n3"),
        ("terminal_id", "loket-3\n"),
        ("terminal_id", 3),
        ("purpose", "TREATMENT"),
        ("purpose", "treatment "),
        ("programme", "jkk"),
        ("programme", "JP"),
        ("programme", None),
        ("service_date", "23-11-2026"),
        ("service_date", "2026-11-23T00:00:00"),
        ("service_date", "20261123"),
        ("service_date", "2026-W48-1"),
        ("service_date", 1795392000),
        ("service_date", "2026-11-31"),
        ("event_at", "2026-11-20"),
        ("event_at", "2026-11-20T10:30:00"),
        ("event_at", "2026-11-20 10:30:00+07:00"),
        ("event_at", "2026-11-20T10:30+07:00"),
        ("event_at", "2026-11-20T10:30:00.5+07:00"),
        ("event_at", "2026-11-20T24:30:00+07:00"),
        ("event_at", "2026-11-20T10:30:00+24:00"),
        ("event_at", "2026-02-30T10:30:00Z"),
        ("event_at", 1795392000),
    ],
)
def test_a_wrong_member_is_named(service: Service, secret: str, member: str, value: object) -> None:
    answer = service.post("/v1/challenges", ASKED | {member: value}, secret)
    assert code_of(answer) == "request-invalid"
    assert {each["pointer"] for each in answer.json()["errors"]} == {f"/{member}"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("challenge", "0" * 31),
        ("challenge", "A" * 32),
        ("sector", 0),
        ("sector", 256),
        ("sector", "1"),
        ("sector", True),
        ("cover_proof", ""),
        ("cover_proof", "AA=="),
        ("cover_proof", "A"),
        ("cover_proof", "AB"),
        ("cover_proof", "A" * 309),
        ("cover_proof", "+/"),
        ("signature", "A" * 85),
        ("signature", "A" * 87),
        ("signature", [1] * 64),
    ],
)
def test_a_wrong_member_of_a_presentation_is_named_and_costs_nothing(
    clinic: tuple[Service, str, dict[str, Any]], member: str, value: object
) -> None:
    service, secret, good = clinic
    answer = service.post("/v1/verifications", good | {member: value}, secret)
    assert code_of(answer) == "request-invalid"
    assert {each["pointer"] for each in answer.json()["errors"]} == {f"/{member}"}
    # The challenge was not touched.
    assert service.post("/v1/verifications", good, secret).status_code == 200
