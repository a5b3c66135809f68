# SPDX-License-Identifier: Apache-2.0
"""What a verifier learns is what the table says, for every row and every kind of decision."""

from dataclasses import fields
from datetime import date

import pytest

from cardservice.coverage.programme import Programme
from cardservice.records.verifiers import VerifierKind
from cardservice.verification.answer import UNTOLD_REASON, Outcome, ToldCover, tell
from cardservice.verification.disclosure import DISCLOSURE, Claim, VerificationPurpose, disclosed
from cardservice.verification.errors import PurposeNotOpen
from tests.coverage.rules_2026 import decide
from tests.verification.world import COVERED, NOW, TODAY, paid

DECISIONS = [
    decide(record.for_coverage(), programme, day, now=NOW)
    for programme in (Programme.JKK, Programme.JKM)
    for record in (COVERED, paid("2026-01", "2026-08"), paid("2026-01", "2026-06"), paid(None, None))
    for day in (TODAY, date(2025, 12, 31), date(2027, 6, 1))
]
ALWAYS = {"outcome", "programme", "as_of"}
BY_CLAIM = {
    Claim.UNTIL: {"until", "state", "reasons", "text_code", "evidence"},
    Claim.BENEFIT: {"benefit_limit"},
    Claim.REASON: {"reason", "reasons", "text_code", "evidence"},
    Claim.CURE: {"cure"},
}


def told_fields(cover: ToldCover) -> set[str]:
    return {each.name for each in fields(cover) if getattr(cover, each.name) not in (None, {}, ())}


@pytest.mark.parametrize("row", list(DISCLOSURE), ids="-".join)
def test_nothing_is_told_that_the_table_does_not_give(row: tuple[VerifierKind, VerificationPurpose]) -> None:
    claims = disclosed(*row)
    allowed = ALWAYS.union(*(BY_CLAIM.get(claim, set()) for claim in claims))
    for decision in DECISIONS:
        assert told_fields(tell(decision, claims)) <= allowed


@pytest.mark.parametrize("kind", [VerifierKind.BANK, VerifierKind.TELCO])
@pytest.mark.parametrize("purpose", list(VerificationPurpose))
def test_banks_and_telcos_learn_nothing_yet(kind: VerifierKind, purpose: VerificationPurpose) -> None:
    with pytest.raises(PurposeNotOpen):
        disclosed(kind, purpose)


def test_the_whole_table_tells_everything_of_a_lapse() -> None:
    lapsed = decide(paid("2026-01", "2026-06").for_coverage(), Programme.JKK, TODAY, now=NOW)
    cover = tell(lapsed, frozenset(Claim))
    assert told_fields(cover) == {"outcome", "programme", "as_of", "reason", "reasons", "text_code", "evidence", "cure"}
    assert (cover.text_code, cover.evidence["amount_rupiah"]) == ("not-covered-lapsed", "42.000")


def test_without_the_cure_the_words_name_neither_amount_nor_last_month() -> None:
    lapsed = decide(paid("2026-01", "2026-06").for_coverage(), Programme.JKK, TODAY, now=NOW)
    cover = tell(lapsed, frozenset({Claim.COVERED, Claim.REASON}))
    assert cover.text_code == "not-covered-then"
    assert set(cover.evidence) == {"programme", "as_of"}


def test_without_the_reason_a_token_says_only_not_covered() -> None:
    lapsed = decide(paid("2026-01", "2026-06").for_coverage(), Programme.JKK, TODAY, now=NOW)
    cover = tell(lapsed, frozenset({Claim.COVERED}))
    assert (cover.outcome, cover.token_reason) == (Outcome.NOT_COVERED, UNTOLD_REASON)
    covered = tell(decide(COVERED.for_coverage(), Programme.JKK, TODAY, now=NOW), frozenset({Claim.COVERED}))
    assert (covered.outcome, covered.token_reason, covered.until) == (Outcome.COVERED, None, None)


def test_sabotage_a_table_row_that_gives_more_is_seen() -> None:
    lapsed = decide(paid("2026-01", "2026-06").for_coverage(), Programme.JKK, TODAY, now=NOW)
    more = disclosed(VerifierKind.TRANSPORT, VerificationPurpose.FARE) | {Claim.REASON}  # the sabotage
    assert not told_fields(tell(lapsed, more)) <= ALWAYS
