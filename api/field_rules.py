# SPDX-License-Identifier: Apache-2.0
"""Which documented rule a member of a body broke, in the language of the answer: the words are in ``cardservice/texts/api.toml``."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from cardservice.texts.catalogue import Language, text

OTHERWISE = "field-otherwise"
DAY, MOMENT, OCTETS, OCTETS_EXACTLY = "field-day", "field-moment", "field-octets", "field-octets-exactly"

# Pydantic's names of what can be wrong (docs.pydantic.dev, "Validation Errors"), and ours.
CODES: Mapping[str, str] = {
    "missing": "field-missing",
    "extra_forbidden": "field-unknown",
    "string_type": "field-text",
    "string_pattern_mismatch": "field-pattern",
    "string_too_long": "field-too-long",
    "int_type": "field-whole-number",
    "greater_than_equal": "field-too-small",
    "less_than_equal": "field-too-large",
    "enum": "field-choice",
    "list_type": "field-list",
    "too_long": "field-too-many",
} | {code: code for code in (DAY, MOMENT, OCTETS, OCTETS_EXACTLY)}


def broken(rule: str, **evidence: object) -> PydanticCustomError:
    """What a validator of ours raises: one of the rules above. Never with what the member held."""
    return PydanticCustomError(rule, "see cardservice/texts/api.toml", dict(evidence))


def words(error: Mapping[str, Any], language: Language) -> str:
    """One sentence about one of Pydantic's errors."""
    code, evidence = CODES.get(str(error["type"]), OTHERWISE), dict(error.get("ctx", {}))
    if "expected" in evidence:
        evidence["expected"] = str(evidence["expected"]).replace(" or ", ", ")  # Pydantic speaks English only
    return text(code).cause(language, evidence)
