# SPDX-License-Identifier: Apache-2.0
"""Words for every error of audit, partnership and enrolment, and for every rule of a row, in both languages."""

import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from cardservice import texts
from cardservice.audit import errors as audit_errors
from cardservice.enrolment import errors as enrolment_errors
from cardservice.enrolment.row_problem import RowProblem, Rule
from cardservice.errors import KartuError
from cardservice.partnership import errors as partnership_errors

PARTS = ("cause_id", "cause_en", "remedy_id", "remedy_en")


def words(room: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(texts.__file__).parent / f"{room}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("room", "errors"),
    [("audit", audit_errors), ("enrolment", enrolment_errors), ("partnership", partnership_errors)],
)
def test_every_error_has_words(room: str, errors: ModuleType) -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, KartuError)]
    leaves = {kind.code for kind in kinds if not kind.__subclasses__()}
    assert leaves
    assert leaves <= words(room).keys()


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_of_a_row_has_words(rule: Rule) -> None:
    entry = words("enrolment")[RowProblem(1, "ref", rule).text_code]
    assert all(entry[part] for part in PARTS)
