# SPDX-License-Identifier: Apache-2.0
"""The words for every code that a person can meet: cause and remedy, in Indonesian and English, read from the ``*.toml`` beside this file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import ClassVar

from cardservice.errors import KartuError


class Language(StrEnum):
    """The two languages of the product; Indonesian comes first."""

    INDONESIAN = "id"
    ENGLISH = "en"


class TextsBroken(KartuError):
    """The catalogue itself is wrong: a code twice, or without all four texts; evidence: text_code, file, rule."""

    code: ClassVar[str] = "texts-broken"


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What a person is told about one code."""

    code: str
    cause_id: str
    cause_en: str
    remedy_id: str
    remedy_en: str

    def cause(self, language: Language, evidence: Mapping[str, object] | None = None) -> str:
        """What happened, with the evidence filled in; a name without evidence stays visible as a question mark."""
        return _filled(self.cause_id if language is Language.INDONESIAN else self.cause_en, evidence)

    def remedy(self, language: Language, evidence: Mapping[str, object] | None = None) -> str:
        """What to do about it."""
        return _filled(self.remedy_id if language is Language.INDONESIAN else self.remedy_en, evidence)


class _Evidence(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def _filled(text: str, evidence: Mapping[str, object] | None) -> str:
    return text.format_map(_Evidence(evidence or {}))


def text(code: str) -> ErrorText:
    """The words for a code; an unknown one gets the words of ``kartu-error``, under its own name."""
    known = catalogue().get(code)
    if known is not None:
        return known
    general = catalogue()["kartu-error"]
    return ErrorText(code, general.cause_id, general.cause_en, general.remedy_id, general.remedy_en)


@cache
def catalogue() -> Mapping[str, ErrorText]:
    """Every code with its words. Raises TextsBroken."""
    found: dict[str, ErrorText] = {}
    for source in sorted(files("cardservice.texts").iterdir(), key=lambda entry: entry.name):
        if not source.name.endswith(".toml"):
            continue
        for code, words in tomllib.loads(source.read_text(encoding="utf-8")).items():
            if code in found:
                raise TextsBroken(text_code=code, file=source.name, rule="twice")
            found[code] = _entry(code, words, source.name)
    return found


def _entry(code: str, words: Mapping[str, str], file: str) -> ErrorText:
    names = ("cause_id", "cause_en", "remedy_id", "remedy_en")
    if not all(words.get(name, "").strip() for name in names):
        raise TextsBroken(text_code=code, file=file, rule="all four texts")
    return ErrorText(code, *(words[name] for name in names))
