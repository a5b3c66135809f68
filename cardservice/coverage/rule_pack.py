# SPDX-License-Identifier: Apache-2.0
"""A rule pack as a document: dated YAML with a citation and a confidence for every rule, read strictly into ``Rules``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from cardservice.coverage.basis import Payer, WorkSector
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.pack_fields import Fields
from cardservice.coverage.programme import Programme
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
from cardservice.coverage.strict_yaml import parse_yaml

FORMAT = "kartu-rule-pack-1"
MOST_NUMBER = 65_535  # in cover proofs
MOST_MONTHS = 24
MOST_RUPIAH = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RulePack:
    """``dated`` is the day from which somebody answers for it; what is in force when is said by its windows, not by this day.

    ``sha256`` is over the document that it was read from, and no part of what it says.
    """

    name: str
    dated: date
    rules: Rules
    sha256: bytes = field(default=b"", compare=False)


def read_rule_pack(document: bytes) -> RulePack:
    """Read a pack whose signature was checked before. Raises RulePackMalformed: field, line, rule."""
    top = Fields(parse_yaml(document), "")
    if top.text("format") != FORMAT:
        top.refuse("format", top.line, FORMAT)
    number, name, dated = top.integer("number", 1, MOST_NUMBER), top.text("name", 64), _day(top)
    grace, arrears, allocation = top.fields("grace"), top.fields("arrears"), top.fields("allocation")
    together = top.fields("paid_together")
    tariffs: dict[Programme, tuple[Tariff, ...]] = {}
    for row in top.each("tariffs"):
        programme, tariff = _tariff(row)
        earlier = tariffs.get(programme, ())
        if not _follows(tariff, earlier):
            row.refuse(
                row.path, row.line, "one tariff for each programme, and others after it, each from a later month"
            )
        tariffs[programme] = (*earlier, tariff)
    windows = top.each("half_rates")
    half_rates = tuple(_half_rate(row, tariffs) for row in windows)
    _refuse_windows_that_meet(windows, half_rates)
    rules = Rules(
        number=number,
        grace_months=grace.integer("months", 0, MOST_MONTHS),
        grace_citation=_citation(grace),
        arrears=arrears.choice("policy", Arrears),
        arrears_citation=_citation(arrears),
        allocation=allocation.choice("policy", AllocationOrder),
        allocation_citation=_citation(allocation),
        tariffs=tariffs,
        half_rates=half_rates,
        paid_together=together.choices("programmes", Programme),
        paid_together_citation=_citation(together),
        benefits=_benefits(top),
        reinstatement=_reinstatement(top.fields("reinstatement")),
    )
    for part in (grace, arrears, allocation, together, top):
        part.end()
    missing = sorted(set(Programme) - set(tariffs))
    if missing:
        top.refuse("tariffs", top.line, f"a tariff for {', '.join(missing)}")
    return RulePack(name, dated, rules, sha256(document).digest())


def _day(top: Fields) -> date:
    text = top.text("dated")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        top.refuse("dated", top.line, 'a day, "YYYY-MM-DD"')
    return day


def _citation(part: Fields) -> Citation:
    told = part.fields("citation")
    citation = Citation(told.text("text"), told.choice("confidence", Confidence))
    told.end()
    return citation


def _tariff(row: Fields) -> tuple[Programme, Tariff]:
    programme = row.choice("programme", Programme)
    minimum, is_flat = row.integer("minimum_rupiah", 1, MOST_RUPIAH), row.boolean("is_flat")
    first = row.month("first") if row.has("first") else None
    tariff = Tariff(minimum, is_flat=is_flat, citation=_citation(row), first=first)
    row.end()
    return programme, tariff


def _follows(tariff: Tariff, earlier: tuple[Tariff, ...]) -> bool:
    """The first of a programme names no month: no month is without a price."""
    if not earlier or tariff.first is None:
        return not earlier and tariff.first is None
    last = earlier[-1].first
    return last is None or last < tariff.first


def _half_rate(row: Fields, tariffs: dict[Programme, tuple[Tariff, ...]]) -> HalfRate:
    programmes, sector = row.choices("programmes", Programme), row.choice("sector", WorkSector)
    first, last = row.month("first"), row.month("last")
    not_for = row.choices("not_for_payers", Payer)
    if last < first:
        row.refuse(f"{row.path}.last", row.line, f"not before {first}")
    for programme in sorted(programmes):
        if any(tariff.minimum_rupiah % 2 for tariff in tariffs.get(programme, ())):
            row.refuse(
                f"{row.path}.programmes", row.line, f"half of the {programme} tariff is a whole number of rupiah"
            )
    half_rate = HalfRate(programmes, sector, first, last, _citation(row), not_for)
    row.end()
    return half_rate


def _refuse_windows_that_meet(rows: Sequence[Fields], half_rates: Sequence[HalfRate]) -> None:
    seen: dict[tuple[Programme, WorkSector], list[tuple[ContributionMonth, ContributionMonth]]] = {}
    for row, each in zip(rows, half_rates, strict=True):
        for programme in sorted(each.programmes):
            windows = seen.setdefault((programme, each.work_sector), [])
            if any(each.first <= last and first <= each.last for first, last in windows):
                row.refuse(row.path, row.line, f"one window at a time for {programme}, {each.work_sector}")
            windows.append((each.first, each.last))


def _benefits(top: Fields) -> dict[Programme, Benefit]:
    benefits: dict[Programme, Benefit] = {}
    for row in top.each("benefits"):
        programme = row.choice("programme", Programme)
        if programme in benefits:
            row.refuse(row.path, row.line, "one benefit for each programme")
        limit = row.integer("limit_rupiah", 1, MOST_RUPIAH)
        benefits[programme] = Benefit(
            limit_rupiah=limit,
            limited_rupiah=row.integer("limited_rupiah", 0, limit),
            limited_months=row.integer("limited_months", 0, MOST_MONTHS),
            citation=_citation(row),
        )
        row.end()
    return benefits


def _reinstatement(part: Fields) -> Reinstatement:
    told = Reinstatement(
        told_months=part.integer("told_months", 0, MOST_MONTHS),
        limited_period_restarts=part.boolean("limited_period_restarts"),
        citation=_citation(part),
    )
    part.end()
    return told
