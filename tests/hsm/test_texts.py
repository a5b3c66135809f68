# SPDX-License-Identifier: Apache-2.0
import tomllib

from hsm.errors import errors_by_code
from tests.hsm.running import ROOT

FIELDS = {"cause_id", "cause_en", "remedy_id", "remedy_en"}


def test_every_code_has_its_words_and_every_word_a_code() -> None:
    texts = tomllib.loads((ROOT / "cardservice/texts/hsm.toml").read_text())
    assert set(texts) == set(errors_by_code())
    for code, words in texts.items():
        assert set(words) == FIELDS, code
        assert all(words.values()), code
