# SPDX-License-Identifier: Apache-2.0
"""Problem documents: one shape, two languages, and nothing of the inside in them."""

import logging
from typing import Any

import pytest

from api.http_status import INTERNAL, OUTWARD, outward_error
from api.language import preferred
from api.problems import problem
from cardservice.partnership.errors import CallerUnknown
from cardservice.records.errors import DatabaseBehind, DatabaseUnavailable, MemberExists
from cardservice.texts.catalogue import Language, catalogue
from hsm.errors import DocumentRefused, KeyProcessDown
from tests.api.served import ASKED, Service, code_of

INDONESIAN, ENGLISH = Language.INDONESIAN, Language.ENGLISH

# What the causes that are told to callers name, each with a value of its kind.
EVIDENCE: dict[str, str | int] = {
    "receipt_id": "0" * 32,
    "earliest": "2021-11-19",
    "latest": "2021-11-20",
    "limit": 1,
    "rule": "not-a-date",
    "seconds": 10,
    "record": "a bill",
    "intermediary": "AGEN-1",
    "ground": "region",
    "at": "AGEN-0",
    "bill": "TAGIHAN-1",
    "number": 7,
    "paid": 16_800,
    "due": 33_600,
    "difference": -16_800,
    "reference": "REF-1",
    "reason": "bounced",
    "kept": "12 months",
    "asked": "6 months",
    "file": "card-ca.pem",
}


@pytest.mark.parametrize("code", sorted(OUTWARD))
@pytest.mark.parametrize("language", list(Language))
def test_every_code_has_words_of_its_own(code: str, language: Language) -> None:
    document = problem(code, language, EVIDENCE)
    assert code in catalogue()
    assert document["type"] == f"urn:kartu:problem:{code}"
    assert "?" not in document["title"]
    assert document["title"].strip()
    assert document["detail"].strip()
    assert 400 <= document["status"] < 600


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, INDONESIAN),
        ("", INDONESIAN),
        ("id", INDONESIAN),
        ("in-ID", INDONESIAN),
        ("en", ENGLISH),
        ("EN-gb", ENGLISH),
        ("en;q=0.8, id;q=0.9", INDONESIAN),
        ("id;q=0.2,en;q=0.3", ENGLISH),
        ("id, en", INDONESIAN),
        ("jv, en;q=0.5", ENGLISH),
        ("id;q=0, *", ENGLISH),
        ("en;q=0", INDONESIAN),
        ("*", INDONESIAN),
        ("en;q=9", INDONESIAN),
        (";;;,,,q=", INDONESIAN),
        ("en" * 10_000, INDONESIAN),
        ("en-" * 10_000 + "a", INDONESIAN),
    ],
)
def test_the_better_liked_language(header: str | None, language: Language) -> None:
    assert preferred(header) is language


def test_a_problem_speaks_the_callers_language(service: Service) -> None:
    indonesian = service.post("/v1/challenges", ASKED)
    english = service.post("/v1/challenges", ASKED, headers={"Accept-Language": "en"})
    assert (indonesian.headers["content-language"], english.headers["content-language"]) == ("id", "en")
    assert indonesian.json()["title"] == catalogue()["caller-unknown"].cause_id
    assert english.json()["title"] == catalogue()["caller-unknown"].cause_en
    assert english.headers["vary"] == "Accept-Language"


def test_no_such_address_and_no_such_method(service: Service) -> None:
    assert code_of(service.get("/nowhere")) == "route-unknown"
    answer = service.get("/v1/challenges")
    assert (answer.status_code, code_of(answer), answer.headers["allow"]) == (405, "method-not-allowed", "POST")
    assert code_of(service.get("/healthz/")) == "route-unknown"
    assert code_of(service.get("/docs")) == "route-unknown"


def test_errors_of_the_inside_get_an_outside() -> None:
    for inner, code in (
        (KeyProcessDown(socket="/run/secret/path", rule="x"), "keys-unavailable"),
        (DocumentRefused(purpose="eligibility-token", rule="x"), "keys-unavailable"),
        (DatabaseUnavailable(kind="postgresql", error="x"), "records-unavailable"),
        (DatabaseBehind(kind="sqlite"), "records-unavailable"),
    ):
        shown = outward_error(inner)
        assert shown is not None
        assert (shown.code, dict(shown.evidence)) == (code, {})
    assert outward_error(CallerUnknown()) is not None
    assert outward_error(MemberExists(field="nik")) is None


def test_the_unforeseen_shows_nothing_outside_and_no_value_in_the_log(
    service: Service, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    planted = str(3171010101010000 + 1)  # the source line is in the log, so the value must not be in the source

    class Failing:
        def __getattr__(self, name: str) -> Any:
            raise ZeroDivisionError(planted)

    failing: Any = Failing()
    service.keys = failing
    with caplog.at_level(logging.ERROR):
        answer = service.get("/readyz")
    assert (answer.status_code, code_of(answer)) == (500, INTERNAL)
    assert planted not in answer.text
    assert planted not in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "health.py" in caplog.text
    assert secret not in caplog.text


def test_a_typed_error_without_an_outside_is_unforeseen(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        def __getattr__(self, name: str) -> Any:
            raise MemberExists(field="nik")

    failing: Any = Failing()
    service.keys = failing
    assert code_of(service.get("/readyz")) == INTERNAL
    assert "MemberExists" in caplog.text
