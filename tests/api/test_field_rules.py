# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a member is said in the language that was asked for, and never quotes what it held."""

from typing import Any

import pytest

from api import field_rules
from api.field_rules import CODES, OTHERWISE
from cardservice.texts.catalogue import Language, catalogue, text
from tests.api.served import ASKED, Service, code_of

CHALLENGES, VERIFICATIONS, RENEWALS = "/v1/challenges", "/v1/verifications", "/v1/renewals"
VERIFICATION = {
    "challenge": "0" * 32,
    "terminal_id": "loket-3",
    "purpose": "treatment",
    "sector": 1,
    "cover_proof": "oA",
    "signature": "A" * 86,
}
RENEWAL = {"receipt_id": "0" * 32, "responses": []}
BODIES: dict[str, dict[str, Any]] = {CHALLENGES: ASKED, VERIFICATIONS: VERIFICATION, RENEWALS: RENEWAL}
MISSING = object()

WRONG = [
    ("field-missing", CHALLENGES, "programme", MISSING, "wajib ada", "is needed"),
    ("field-unknown", CHALLENGES, "nik", "3171010101010001", "tidak dikenal", "not known"),
    ("field-text", CHALLENGES, "terminal_id", 3, "harus teks", "must be text"),
    (
        "field-pattern",
        CHALLENGES,
        "terminal_id",
        "loket 3",
        "cocok dengan pola ^[A-Za-z0-9]",
        "match the pattern ^[A-Za-z0-9]",
    ),
    ("field-too-long", CHALLENGES, "terminal_id", "a" * 65, "banyak 64 karakter", "most 64 characters"),
    ("field-whole-number", VERIFICATIONS, "sector", "1", "bilangan bulat", "whole number"),
    ("field-too-small", VERIFICATIONS, "sector", 0, "kecil 1.", "least 1."),
    ("field-too-large", VERIFICATIONS, "sector", 256, "besar 255", "most 255"),
    (
        "field-choice",
        CHALLENGES,
        "programme",
        "JKP",
        "salah satu dari 'JKK', 'JKM', 'JHT'.",
        "one of 'JKK', 'JKM', 'JHT'.",
    ),
    ("field-list", RENEWALS, "responses", "9000", "harus daftar", "must be a list"),
    ("field-too-many", RENEWALS, "responses", ["kAA"] * 6, "banyak 5 butir", "most 5 items"),
    ("field-octets", RENEWALS, "responses", ["A"], "2 sampai 258 bita", "2 to 258 bytes"),
    ("field-octets-exactly", VERIFICATIONS, "signature", "AA", "tepat 64 bita", "exactly 64 bytes"),
    ("field-day", CHALLENGES, "service_date", "2026-02-30", "tanggal berbentuk", "a date as"),
    ("field-moment", CHALLENGES, "event_at", "2026-11-20", "waktu berbentuk", "a moment as"),
]


def rules(service: Service, secret: str, path: str, body: object, language: str) -> list[str]:
    answer = service.post(path, body, secret, {"Accept-Language": language})
    assert code_of(answer) == "request-invalid"
    return [each["rule"] for each in answer.json()["errors"]]


@pytest.mark.parametrize(("path", "member", "value", "indonesian", "english"), [row[1:] for row in WRONG])
def test_a_rule_is_told_in_both_languages(
    service: Service, secret: str, path: str, member: str, value: object, indonesian: str, english: str
) -> None:
    body = {name: held for name, held in BODIES[path].items() if name != member}
    if value is not MISSING:
        body[member] = value
    (told,) = rules(service, secret, path, body, "id")
    assert indonesian in told
    (told,) = rules(service, secret, path, body, "en")
    assert english in told
    assert not isinstance(value, str) or len(value) < 5 or value not in told


def test_every_rule_that_these_bodies_can_break_is_tried_and_has_its_words() -> None:
    assert {row[0] for row in WRONG} == set(CODES.values())
    assert {*CODES.values(), OTHERWISE} <= set(catalogue())


def test_a_rule_of_pydantic_that_nobody_foresaw_is_told_in_general_words() -> None:
    assert field_rules.words({"type": "url_parsing"}, Language.INDONESIAN) == text(OTHERWISE).cause_id


def test_a_rule_left_out_of_the_table_would_be_seen(
    service: Service, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage control."""
    monkeypatch.setattr(field_rules, "CODES", {})
    (told,) = rules(service, secret, CHALLENGES, ASKED | {"terminal_id": 3}, "en")
    assert "must be text" not in told
