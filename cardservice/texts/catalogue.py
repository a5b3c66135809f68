# SPDX-License-Identifier: Apache-2.0
"""The words for every code that a person can meet: cause and remedy, in Indonesian and English, read from the ``*.toml`` beside this file."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any, ClassVar

from cardservice.errors import KartuError

NEEDED = frozenset({"cause_id", "cause_en", "remedy_id", "remedy_en"})
SHORT = frozenset({"short_id", "short_en"})  # for a display of one line; both or none


class Language(StrEnum):
    """The two languages of the product; Indonesian comes first."""

    INDONESIAN = "id"
    ENGLISH = "en"


class TextsBroken(KartuError):
    """The catalogue itself is wrong: a code twice, or without all its texts; evidence: text_code, file, rule."""

    code: ClassVar[str] = "texts-broken"


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What a person is told about one code."""

    code: str
    cause_id: str
    cause_en: str
    remedy_id: str
    remedy_en: str
    short_id: str = ""
    short_en: str = ""

    def cause(self, language: Language, evidence: Mapping[str, object] | None = None) -> str:
        """What happened, with the evidence filled in; a name without evidence shows as a question mark."""
        return _filled(self.cause_id if language is Language.INDONESIAN else self.cause_en, evidence)

    def remedy(self, language: Language, evidence: Mapping[str, object] | None = None) -> str:
        """What to do about it."""
        return _filled(self.remedy_id if language is Language.INDONESIAN else self.remedy_en, evidence)

    def short(self, language: Language, evidence: Mapping[str, object] | None = None) -> str:
        """The cause for a display of one line (32 ASCII characters); the whole cause where none was written."""
        words = self.short_id if language is Language.INDONESIAN else self.short_en
        return _filled(words, evidence) if words else self.cause(language, evidence)


def text(code: str) -> ErrorText:
    """The words for a code; an unknown one gets the words of ``kartu-error``, under its own name. Raises TextsBroken."""
    known = catalogue().get(code)
    if known is not None:
        return known
    general = catalogue()["kartu-error"]
    return ErrorText(code, general.cause_id, general.cause_en, general.remedy_id, general.remedy_en)


@cache
def catalogue() -> Mapping[str, ErrorText]:
    """Every code with its words. Raises TextsBroken."""
    sources = sorted(files("cardservice.texts").iterdir(), key=lambda entry: entry.name)
    return gathered(
        (source.name, source.read_text(encoding="utf-8")) for source in sources if source.name.endswith(".toml")
    )


def gathered(sources: Iterable[tuple[str, str]]) -> Mapping[str, ErrorText]:
    """The codes of several sources, each a file's name and its TOML. Raises TextsBroken."""
    found: dict[str, ErrorText] = {}
    for file, toml in sources:
        try:
            entries = tomllib.loads(toml)
        except tomllib.TOMLDecodeError as broken:
            raise TextsBroken(text_code="-", file=file, rule=str(broken)) from broken
        for code, words in entries.items():
            if code in found:
                raise TextsBroken(text_code=code, file=file, rule="twice")
            found[code] = _entry(code, words, file)
    return found


def _entry(code: str, words: object, file: str) -> ErrorText:
    if not isinstance(words, dict) or not all(isinstance(text, str) and text.strip() for text in words.values()):
        raise TextsBroken(text_code=code, file=file, rule="texts that are not empty")
    if set(words) not in (NEEDED, NEEDED | SHORT):
        raise TextsBroken(text_code=code, file=file, rule="cause and remedy in both languages, and nothing unknown")
    return ErrorText(code, **words)


class _Evidence(Formatter):
    """Fills in what is known. An error is being told: evidence that is missing or of another shape must not become a second one."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[object, str]:  # noqa: ARG002 - the signature of Formatter
        """Plain names only; ``{a.b}`` or ``{a[0]}`` would reach into objects."""
        return kwargs.get(field_name, "?"), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        """Bytes as hexadecimal, as KartuError shows them."""
        if isinstance(value, bytes):
            value = value.hex().upper()
        try:
            return format(value, format_spec)
        except (TypeError, ValueError):
            return str(value)


def _filled(words: str, evidence: Mapping[str, object] | None) -> str:
    return _Evidence().vformat(words, (), evidence or {})
