# SPDX-License-Identifier: Apache-2.0
"""What /openapi.json says is what happens: every worked example is sent, every documented problem is brought about."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from api import documentation
from api.app import create_app
from api.collection_models import (
    CashReceiptRequest,
    CashReceiptResponse,
    GroupPaymentRequest,
    GroupPaymentResponse,
)
from api.models import (
    Alive,
    ChallengeRequest,
    ChallengeResponse,
    KeySet,
    Problem,
    Ready,
    RenewalRequest,
    RenewalResponse,
    VerificationRequest,
    VerificationResponse,
)
from api.publication_models import PemCertificates, SignedWithdrawals
from api.settings import Settings
from cardservice.credentials import base64url, eligibility_token
from cardservice.keys import Purpose
from hsm.in_process import InProcessKeys
from tests.api.provoked import provoke
from tests.api.served import code_of, content_of
from tests.api.worked import EXAMPLES, Scene, open_scene
from tests.coverage.rules_2026 import PACKS_2026
from tests.hsm.running import SetClock
from tests.verification.world import ISSUER, NOW, IssuedCard


def document() -> dict[str, Any]:
    """As it is served; the parts are not asked for anything while it is made."""
    nothing: Any = None
    app = create_app(
        Settings("sqlite:///unused", Path("unused")), keys=nothing, store=nothing, packs=PACKS_2026, clock=nothing
    )
    return json.loads(json.dumps(app.openapi()))  # type: ignore[no-any-return]  # JSON


DOCUMENT = document()
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
MODELS: dict[str, tuple[type[BaseModel] | None, type[BaseModel]]] = {
    "createChallenge": (ChallengeRequest, ChallengeResponse),
    "createVerification": (VerificationRequest, VerificationResponse),
    "createRenewal": (RenewalRequest, RenewalResponse),
    "createGroupPayment": (GroupPaymentRequest, GroupPaymentResponse),
    "createCashReceipt": (CashReceiptRequest, CashReceiptResponse),
    "getTokenKeys": (None, KeySet),
    "getCoverProofKeys": (None, KeySet),
    "getReceiptKeys": (None, KeySet),
    "getCardCaCertificates": (None, PemCertificates),
    "getCardCaWithdrawals": (None, SignedWithdrawals),
    "getAuditKeys": (None, KeySet),
    "getHealth": (None, Alive),
    "getReadiness": (None, Ready),
}


def good_examples() -> Iterator[Any]:
    for name, (_, _, operation) in OPERATIONS.items():
        for status, response in operation["responses"].items():
            for media_type, content in response.get("content", {}).items():
                for example, documented in content.get("examples", {}).items():
                    if media_type != "application/problem+json":
                        yield pytest.param(name, example, int(status), documented["value"], id=f"{name}-{example}")


def documented_problems() -> Iterator[Any]:
    for name, (_, _, operation) in OPERATIONS.items():
        for response in operation["responses"].values():
            content = response.get("content", {}).get("application/problem+json", {})
            for code, documented in content.get("examples", {}).items():
                yield pytest.param(name, code, documented["value"], id=f"{name}-{code}")


@pytest.fixture
def scene(sqlite_url: str, keys: InProcessKeys, clock: SetClock, sari: IssuedCard) -> Iterator[Scene]:
    with open_scene(sqlite_url, keys, clock, sari) as opened:
        yield opened


def test_every_operation_has_an_example_and_every_example_a_situation() -> None:
    documented = {(each.values[0], each.values[1]) for each in good_examples()}
    assert documented == {(operation, name) for operation, examples in EXAMPLES.items() for name in examples}
    assert set(OPERATIONS) == set(EXAMPLES) == set(documentation.PROBLEMS)


@pytest.mark.parametrize(("operation", "name", "status", "response"), list(good_examples()))
def test_a_worked_example_works(operation: str, name: str, status: int, response: Any, scene: Scene) -> None:
    example = EXAMPLES[operation][name]
    example.prepare(scene)
    request = None
    if example.body is not None:
        # The situation is brought about (a challenge asked for, with the same randomness); what is sent is the documented request.
        example.body(scene)
        documented = OPERATIONS[operation][2]["requestBody"]["content"]["application/json"]["examples"]
        request = documented[name]["value"]
    answer = example.send(scene, request)
    assert answer.status_code == status, answer.text
    assert without_signature(content_of(answer)) == without_signature(response)
    if "token" in content_of(answer):
        published = scene.world.keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN)
        for token in (answer.json()["token"], response["token"]):
            audience = json.loads(base64url.decode(token.split(".")[1]) or b"{}")["aud"]
            said = eligibility_token.verify(token, keys=published, issuer=ISSUER, audience=audience, now=NOW)
            assert said.subject == response["subject"]


def without_signature(document: Any) -> Any:
    """ECDSA signs differently each time; all else must be the same."""
    if isinstance(document, str):
        return document
    signed = document.keys() & {"token", "document"}
    return document | {name: document[name].rpartition(".")[0] for name in signed}


@pytest.mark.parametrize(("operation", "code", "documented"), list(documented_problems()))
def test_a_documented_problem_happens_as_documented(
    operation: str, code: str, documented: dict[str, Any], scene: Scene
) -> None:
    answer = provoke(operation, code, scene)
    assert code_of(answer) == code
    assert answer.json() == documented
    Problem.model_validate(documented)


@pytest.mark.parametrize(("operation", "name", "status", "response"), list(good_examples()))
def test_an_example_is_what_its_schema_says(operation: str, name: str, status: int, response: Any) -> None:
    request_model, response_model = MODELS[operation]
    response_model.model_validate_json(json.dumps(response))
    if request_model is not None:
        documented = OPERATIONS[operation][2]["requestBody"]["content"]["application/json"]["examples"][name]
        request_model.model_validate(documented["value"])
    assert status in {200, 201}


def test_each_problem_is_documented_with_its_own_schema_and_no_default_is_left() -> None:
    for _, _, operation in OPERATIONS.values():
        for status, response in operation["responses"].items():
            content = response["content"]
            assert len(content) == 1
            (media_type,) = content
            assert (media_type == "application/problem+json") == (int(status) >= 400)
            assert content[media_type]["schema"]["$ref"].startswith("#/components/schemas/")
    assert "HTTPValidationError" not in DOCUMENT["components"]["schemas"]


def test_the_secret_is_documented_where_it_is_asked_for() -> None:
    secured = {name: operation["security"] for name, (_, _, operation) in OPERATIONS.items() if "security" in operation}
    of_verifiers = ("createChallenge", "createVerification", "createRenewal")
    assert secured == {
        **{name: [{"verifierSecret": []}] for name in of_verifiers},
        **{name: [{"intermediarySecret": []}] for name in ("createGroupPayment", "createCashReceipt")},
    }


def test_bodies_allow_nothing_that_is_not_documented() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name in (
        "ChallengeRequest",
        "VerificationRequest",
        "RenewalRequest",
        "GroupPaymentRequest",
        "CashReceiptRequest",
    ):
        assert schemas[name]["additionalProperties"] is False
        for member in schemas[name]["properties"].values():
            text = member if member.get("type") == "string" else next(iter(member.get("anyOf", [{}])))
            if text.get("type") == "string":
                assert "maxLength" in text or "pattern" in text or "enum" in text
