# SPDX-License-Identifier: Apache-2.0
"""Words for every reason and error, in both languages, with a short form for narrow screens."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cardservice import texts as words
from cardservice.coverage import errors
from cardservice.coverage.decision import Reason
from cardservice.coverage.programme import Programme
from cardservice.errors import KartuError
from tests.coverage.ledgers import at
from tests.coverage.rules_2026 import coverage, decide
from tests.coverage.standings import base_pair

_TEXTS = Path(words.__file__).parent / "coverage.toml"
_NOW = at("2026-11-23 15:00")


@pytest.fixture(scope="module")
def texts() -> dict[str, Any]:
    return tomllib.loads(_TEXTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words_and_a_short_form_of_32_characters(reason: Reason, texts: dict[str, Any]) -> None:
    entry = texts[reason.text_code]
    assert all(entry[part] for part in ("cause_id", "cause_en", "remedy_id", "remedy_en"))
    assert all(0 < len(entry[part]) <= 32 and entry[part].isascii() for part in ("short_id", "short_en"))


def test_a_refusal_reads_as_a_sentence_with_its_amount(texts: dict[str, Any]) -> None:
    decision = coverage(base_pair("2026-01"), Programme.JKK, _NOW)
    assert decision.text_code
    entry = texts[decision.text_code]
    assert entry["cause_en"].format_map(decision.evidence) == "JKK cover has lapsed: the last paid month is 2026-01."
    assert entry["remedy_id"].format_map(decision.evidence).startswith("Bayar Rp100.800 paling lambat 2026-11-30;")


def test_without_a_price_or_a_cure_no_amount_is_asked(texts: dict[str, Any]) -> None:
    unpriced = coverage(base_pair("2026-01", basis=None), Programme.JKK, _NOW)
    cured = base_pair("2026-01", "2026-11")
    then = decide(cured, Programme.JKK, date(2026, 8, 1), now=_NOW)
    for decision, said_of_it in ((unpriced, "10 months"), (then, "2026-08-01")):
        assert decision.text_code
        entry = texts[decision.text_code]
        said = " ".join(entry[part].format_map(decision.evidence) for part in ("cause_en", "remedy_en"))
        assert said_of_it in said
        assert "Rp" not in said
        assert len(entry["short_id"]) <= 32


def test_every_error_has_words(texts: dict[str, Any]) -> None:
    codes = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, KartuError)}
    assert codes - {KartuError.code} <= texts.keys()
