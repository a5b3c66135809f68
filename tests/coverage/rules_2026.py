# SPDX-License-Identifier: Apache-2.0
"""Rule pack 1 written down a second time, by hand: what the shipped document is held against, and what tests decide by."""

from datetime import date, datetime
from functools import partial

from cardservice.coverage import decide as deciding
from cardservice.coverage.basis import Payer, WorkSector
from cardservice.coverage.decision import Coverage
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.programme import Programme
from cardservice.coverage.rule_pack import RulePack
from cardservice.coverage.rules import (
    AllocationOrder,
    Arrears,
    Benefit,
    Citation,
    Confidence,
    HalfRate,
    Reinstatement,
    Rules,
    Tariff,
)
from cardservice.coverage.standing import Member

_PUBLIC = frozenset({Payer.APBN, Payer.APBD})
_BASE_PAIR = frozenset({Programme.JKK, Programme.JKM})
_PP_50_2025 = Citation(
    "PP 50/2025 art. 4(1): JKK and JKM at 50 % of what is due, not for APBN or APBD payers", Confidence.HIGH
)

RULES_2026 = Rules(
    number=1,
    grace_months=3,
    grace_citation=Citation(
        "Official site as quoted by star.grid.id 453722708: inactive if not settled for 3 months (one trainer says 2)",
        Confidence.MEDIUM,
    ),
    arrears=Arrears.ALL_UNPAID_MONTHS,
    arrears_citation=Citation(
        "kilasriau.com 27361: debts of earlier months stay due at their own rate; star.grid.id 453722708: no fine for BPU",
        Confidence.MEDIUM,
    ),
    allocation=AllocationOrder.OLDEST_FIRST,
    allocation_citation=Citation(
        "kilasriau.com 27361: what is paid too much counts for the following months; that debts come first is assumed",
        Confidence.MEDIUM,
    ),
    tariffs={
        Programme.JKK: (
            Tariff(
                10_000,
                is_flat=False,
                citation=Citation("PP 44/2015 as amended by PP 49/2023, Lampiran II", Confidence.MEDIUM),
            ),
        ),
        Programme.JKM: (
            Tariff(6_800, is_flat=True, citation=Citation("PP 44/2015 as amended by PP 49/2023", Confidence.HIGH)),
        ),
        Programme.JHT: (
            Tariff(20_000, is_flat=False, citation=Citation("PP 46/2015: 2 % of the income band", Confidence.MEMORY)),
        ),
    },
    half_rates=(
        HalfRate(
            _BASE_PAIR,
            WorkSector.TRANSPORT,
            ContributionMonth(2026, 1),
            ContributionMonth(2027, 3),
            _PP_50_2025,
            _PUBLIC,
        ),
        HalfRate(
            _BASE_PAIR, WorkSector.OTHER, ContributionMonth(2026, 4), ContributionMonth(2026, 12), _PP_50_2025, _PUBLIC
        ),
    ),
    paid_together=_BASE_PAIR,
    paid_together_citation=Citation(
        "jateng.antaranews.com 619022: JKK and JKM are the base pair, 16,800 together", Confidence.HIGH
    ),
    benefits={
        Programme.JKM: Benefit(
            limit_rupiah=42_000_000,
            limited_rupiah=10_000_000,
            limited_months=3,
            citation=Citation(
                "bursakota.co.id 68592: less than 3 months a member, 10 m; from 3 months with routine payment 20 + 12 + 10 m",
                Confidence.MEDIUM,
            ),
        )
    },
    reinstatement=Reinstatement(
        told_months=3,
        limited_period_restarts=True,
        citation=Citation(
            "Assumed from 'with routine payment' (bursakota.co.id 68592): no source says it; counsel to decide",
            Confidence.ASSUMED,
        ),
    ),
)

PACKS_2026 = PacksInForce.of([RulePack("bpu-2026", date(2025, 12, 22), RULES_2026)])

decide = partial(deciding.decide, rule_pack=RULES_2026)


def coverage(
    member: Member,
    programme: Programme,
    as_of: datetime,
    *,
    knowledge_at: datetime | None = None,
    rule_pack: Rules = RULES_2026,
) -> Coverage:
    """What is known when it happens, unless said otherwise."""
    return deciding.coverage(member, programme, as_of, knowledge_at or as_of, rule_pack)
