# SPDX-License-Identifier: Apache-2.0
"""The catalogue: what it refuses, and that telling an error never becomes a second one."""

from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.texts.catalogue import ErrorText, Language, TextsBroken, catalogue, gathered, text

# Words that formatting could stumble over. (All of Unicode is drawn from a table that takes seconds to make.)
WORDS = ("", "Siti", "{kode}", "}{", "{0}", "%s", "\n", "\x00", "é", "\U0001f4b3")
WHOLE = 'cause_id = "a"\ncause_en = "b"\nremedy_id = "c"\nremedy_en = "d"\n'


def names(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}


def test_the_code_of_last_resort_and_the_internal_one_are_here() -> None:
    assert {"kartu-error", "kartu-internal"} <= set(catalogue())


def test_an_unknown_code_is_told_in_general_words_under_its_own_name() -> None:
    assert text("nobody-wrote-this").code == "nobody-wrote-this"
    assert text("nobody-wrote-this").cause_en == text("kartu-error").cause_en


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_both_languages_use_the_same_evidence(code: str) -> None:
    words = catalogue()[code]
    assert names(words.cause_id) == names(words.cause_en)
    assert names(words.remedy_id) == names(words.remedy_en)
    assert names(words.short_id) == names(words.short_en)
    assert all(name.isidentifier() for name in names(words.cause_id) | names(words.remedy_id) | names(words.short_id))


@pytest.mark.parametrize(
    ("sources", "rule"),
    [
        ([("a.toml", f"[x]\n{WHOLE}"), ("b.toml", f"[x]\n{WHOLE}")], "twice"),
        ([("a.toml", '[x]\ncause_id = "a"\n')], "both languages"),
        ([("a.toml", f'[x]\n{WHOLE}casue_en = "z"\n')], "nothing unknown"),
        ([("a.toml", f'[x]\n{WHOLE}short_id = "z"\n')], "both languages"),
        ([("a.toml", f"[x]\n{WHOLE}".replace('"d"', '" "'))], "not empty"),
        ([("a.toml", f"[x]\n{WHOLE}".replace('"d"', "4"))], "not empty"),
        ([("a.toml", 'x = "y"\n')], "not empty"),
        ([("a.toml", "[x\n")], "at line 1"),
    ],
)
def test_a_broken_source_is_refused_with_file_and_rule(sources: list[tuple[str, str]], rule: str) -> None:
    with pytest.raises(TextsBroken) as refused:
        gathered(sources)
    assert rule in str(refused.value.evidence["rule"])
    assert refused.value.evidence["file"] == sources[-1][0]


def test_evidence_is_filled_in_and_missing_evidence_is_a_question_mark() -> None:
    words = ErrorText("x", "Kata sandi salah, sisa {left:d} ({sw}).", "Wrong, {left:d} left ({sw}).", "-", "-")
    assert words.cause(Language.ENGLISH, {"left": 2, "sw": bytes.fromhex("63c2")}) == "Wrong, 2 left (63C2)."
    assert words.cause(Language.INDONESIAN, {"sw": 1}) == "Kata sandi salah, sisa ? (1)."
    assert words.cause(Language.ENGLISH) == "Wrong, ? left (?)."


def test_the_short_words_fall_back_to_the_cause() -> None:
    words = ErrorText("x", "sebab {n}", "cause {n}", "-", "-")
    assert words.short(Language.ENGLISH, {"n": 1}) == "cause 1"
    assert (
        ErrorText("x", "-", "-", "-", "-", "pendek {n}", "short {n}").short(Language.INDONESIAN, {"n": 1}) == "pendek 1"
    )


def test_a_text_can_not_reach_into_its_evidence() -> None:
    class Holder:
        secret = "1234"

        def __str__(self) -> str:
            return "holder"

    for reaching in ("{holder.secret}", "{holder.__class__}", "{holder[0]}"):
        assert ErrorText("x", reaching, reaching, "-", "-").cause(Language.ENGLISH, {"holder": Holder()}) == "?"


@given(
    code=st.sampled_from(sorted(catalogue())),
    evidence=st.dictionaries(
        st.sampled_from(sorted({name for words in catalogue().values() for name in names(words.cause_en)})),
        st.none()
        | st.integers()
        | st.sampled_from(WORDS)
        | st.binary(max_size=8)
        | st.lists(st.integers(), max_size=2),
        max_size=4,
    ),
)
def test_no_evidence_of_any_kind_makes_telling_fail(code: str, evidence: dict[str, object]) -> None:
    for language in Language:
        assert text(code).cause(language, evidence)
        assert text(code).remedy(language, evidence)
        assert text(code).short(language, evidence)
