# SPDX-License-Identifier: Apache-2.0
"""Decision records: one number each, a title that matches, context, decision and consequences."""

import re
from collections import Counter

import pytest

from tests.house.checkout import ROOT, tracked

RECORDS = [path for path in tracked("docs/decisions/*.md") if path.name != "README.md"]


def test_no_number_is_used_twice() -> None:
    assert [number for number, count in Counter(path.name[:4] for path in RECORDS).items() if count > 1] == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_says_what_was_decided_and_why(record: object) -> None:
    text = (ROOT / str(record)).read_text(encoding="utf-8")
    number = str(record).rsplit("/", 1)[1][:4]
    assert re.match(rf"# {number} \S", text)
    assert [
        part
        for part in ("Context", "Decision", "Consequences")
        if not re.search(rf"^(?:\*\*|## |- ){part}", text, re.MULTILINE)
    ] == []
