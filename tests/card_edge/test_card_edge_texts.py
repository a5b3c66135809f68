# SPDX-License-Identifier: Apache-2.0
import string
import tomllib
from pathlib import Path

import pytest

from cardservice.card_edge import errors
from cardservice.card_edge.errors import CardEdgeError

TEXTS = tomllib.loads(
    (Path(__file__).parents[2] / "cardservice" / "texts" / "card_edge.toml").read_text(encoding="utf-8")
)
ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CardEdgeError)]
# What every raiser of a class gives; a text may name nothing else.
EVIDENCE = {
    "card-tlv-malformed": {"rule", "offset"},
    "card-status-word": {"step", "sw", "meaning"},
    "card-response-too-long": {"limit"},
    "card-not-authentic": {"key_version_number"},
    "card-pin-refused": {"attempts_remaining"},
}


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_has_cause_and_remedy_in_both_languages(kind: type[CardEdgeError]) -> None:
    text = TEXTS[kind.code]
    assert set(text) == {"cause_id", "cause_en", "remedy_id", "remedy_en"}
    for words in text.values():
        assert words.strip().endswith(".")
        named = {field for _, field, _, _ in string.Formatter().parse(words) if field}
        assert named <= EVIDENCE.get(kind.code, {"rule"})


def test_no_text_is_for_an_error_that_does_not_exist() -> None:
    assert set(TEXTS) == {kind.code for kind in ERRORS}
    assert len(ERRORS) == len({kind.code for kind in ERRORS})
