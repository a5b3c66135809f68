# SPDX-License-Identifier: Apache-2.0
import re
import tomllib
from collections.abc import Iterator

import hsm.errors
from hsm.errors import HsmError, errors_by_code
from tests.hsm.running import ROOT

FIELDS = {"cause_id", "cause_en", "remedy_id", "remedy_en"}


def test_every_code_has_its_words_and_every_word_a_code() -> None:
    texts = tomllib.loads((ROOT / "cardservice/texts/hsm.toml").read_text())
    assert set(texts) == set(errors_by_code())
    for code, words in texts.items():
        assert set(words) == FIELDS, code
        assert all(words.values()), code


def parents(tree: str) -> Iterator[tuple[str, str]]:
    """(class, the class it hangs from) of a tree as it is drawn at the head of a file."""
    above = ["HsmError"]
    for line in tree.splitlines():
        if found := re.match(r"(?P<depth>[| ]*)[|`]- (?P<name>\w+)", line):
            depth = len(found["depth"]) // 3 + 1
            above[depth:] = [found["name"]]
            yield found["name"], above[depth - 1]


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = dict(parents(hsm.errors.__doc__ or ""))
    grown = {kind.__name__: kind.__mro__[1].__name__ for kind in errors_by_code().values() if kind is not HsmError}
    assert drawn == grown
    assert grown.keys() | {"HsmError"} <= set(hsm.errors.__all__)
