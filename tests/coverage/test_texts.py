# SPDX-License-Identifier: Apache-2.0
"""Words for every reason and error, in both languages, with a short form for narrow screens."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from cardservice import coverage
from cardservice.coverage import errors
from cardservice.coverage.decision import Reason
from cardservice.errors import KartuError

_TEXTS = Path(coverage.__file__).parents[1] / "texts" / "coverage.toml"


@pytest.fixture(scope="module")
def texts() -> dict[str, Any]:
    return tomllib.loads(_TEXTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words_and_a_short_form_of_32_characters(reason: Reason, texts: dict[str, Any]) -> None:
    entry = texts[reason.text_code]
    assert all(entry[part] for part in ("cause_id", "cause_en", "remedy_id", "remedy_en"))
    assert all(0 < len(entry[part]) <= 32 and entry[part].isascii() for part in ("short_id", "short_en"))


def test_every_error_has_words(texts: dict[str, Any]) -> None:
    codes = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, KartuError)}
    assert codes - {KartuError.code} <= texts.keys()
