# SPDX-License-Identifier: Apache-2.0
"""Migrations stand in one line: two that were written side by side and took one number would leave no database that starts."""

import re
from pathlib import Path

VERSIONS = Path(__file__).parents[2] / "cardservice" / "records" / "migrations" / "versions"
_NAMED = re.compile(r'^(down_revision|revision) = (?:"(\d{4})"|None)$', re.MULTILINE)


def test_each_migration_follows_the_one_before_it_and_is_named_by_its_number() -> None:
    files = sorted(VERSIONS.glob("[0-9]*.py"))
    told = [dict(_NAMED.findall(path.read_text())) for path in files]
    numbers = [f"{number:04d}" for number in range(1, len(files) + 1)]
    assert [path.name[:4] for path in files] == numbers
    assert [each["revision"] for each in told] == numbers
    assert [each["down_revision"] for each in told] == ["", *numbers[:-1]]
