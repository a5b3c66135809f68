# SPDX-License-Identifier: Apache-2.0
"""One row of a member list: the values of its fields, or everything that is wrong with it."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from cardservice.coverage.errors import MalformedMonth
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import WorkSector
from cardservice.enrolment.income_band import BAND_STEP, HIGHEST_BAND, LOWEST_BAND, is_income_band
from cardservice.enrolment.months_notation import parse_months
from cardservice.enrolment.nik import nik_fault
from cardservice.enrolment.region import PROVINCE_LENGTH, is_region
from cardservice.enrolment.row_problem import RowProblem, Rule

REQUIRED_COLUMNS = ("ref", "nik", "name", "birth_date", "work_sector", "income_band", "programmes", "months")
OPTIONAL_COLUMNS = ("paid_on", "region")

EARLIEST_MONTH = ContributionMonth(2014, 1)  # UU 24/2011, 62: the scheme began on 1 January 2014
MONTHS_AHEAD = 12  # a year is the longest that is paid at once [memory, facts/contributions.md]
EARLIEST_BIRTH = date(1900, 1, 1)
BASE_PAIR = frozenset({Programme.JKK, Programme.JKM})

_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
_SIXTEEN_DIGITS = re.compile(r"(?=([0-9]{16}))", re.ASCII)
_NAME_PUNCTUATION = frozenset(" .,'`-/\N{RIGHT SINGLE QUOTATION MARK}")
_MAX_NAME = 100
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INCOME = re.compile(r"[0-9]{1,9}", re.ASCII)
_MAX_SHOWN = 20

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A row whose every field is right.

    ``paid_on`` is the day on which all its months were paid; None: each in time. ``region`` is where the member lives, a district or
    sub-district code; None where the list does not tell.
    """

    line: int
    ref: str
    nik: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    work_sector: WorkSector
    income_band: int
    programmes: frozenset[Programme]
    months: frozenset[ContributionMonth]
    paid_on: date | None
    region: str | None = None


def parse_row(line: int, fields: Mapping[str, str], today: date) -> MemberRow | list[RowProblem]:
    """Read one row. ``today`` is a civil date in Asia/Jakarta: nobody is born and nothing was paid after it."""
    reading = _Reading(line, {name: text.strip() for name, text in fields.items()}, today)
    row = MemberRow(
        line=line,
        ref=reading.take("ref", _ref, ""),
        nik=reading.take("nik", _nik, ""),
        name=reading.take("name", _name, ""),
        birth_date=reading.take("birth_date", _birth_date, today),
        work_sector=reading.take("work_sector", _work_sector, WorkSector.OTHER),
        income_band=reading.take("income_band", _income_band, 0),
        programmes=reading.take("programmes", _programmes, frozenset()),
        months=reading.take("months", _months, frozenset()),
        paid_on=reading.take("paid_on", _paid_on, None),
        region=reading.take("region", _region, None),
    )
    return reading.problems or row


class _FieldRefusedError(Exception):
    """Inside this file: a field breaks a rule."""

    def __init__(self, rule: Rule, **evidence: str | int) -> None:
        super().__init__(rule)
        self.rule = rule
        self.evidence = evidence


class _Reading:
    """One row being read: its fields, and what was found wrong so far."""

    def __init__(self, line: int, fields: Mapping[str, str], today: date) -> None:
        self.problems: list[RowProblem] = []
        self._line = line
        self._fields = fields
        self._today = today

    def take(self, name: str, parse: Callable[[str, date], _Value], otherwise: _Value) -> _Value:
        """The field's value; ``otherwise`` after noting a problem, so that the rest of the row is looked at too."""
        try:
            return parse(self._fields.get(name, ""), self._today)
        except _FieldRefusedError as refused:
            self.problems.append(RowProblem(self._line, name, refused.rule, refused.evidence))
            return otherwise


def _ref(text: str, _today: date) -> str:
    if _REF.fullmatch(text) is None:
        raise _FieldRefusedError(Rule.REF, given=_shown(text))
    # A reference is in paths, logs, reports and arguments, where a NIK may not be.
    if any(nik_fault(run[1]) is None for run in _SIXTEEN_DIGITS.finditer(text)):
        raise _FieldRefusedError(Rule.REF_IS_NIK)
    return text


def _nik(text: str, _today: date) -> str:
    fault = nik_fault(text)
    if fault is not None:
        raise _FieldRefusedError(Rule(fault))
    return text


def _name(text: str, _today: date) -> str:
    name = unicodedata.normalize("NFC", text)
    letters = sum(unicodedata.category(character)[0] == "L" for character in name)
    allowed = all(unicodedata.category(each)[0] in "LM" or each in _NAME_PUNCTUATION for each in name)
    if not letters or not allowed or len(name) > _MAX_NAME:
        raise _FieldRefusedError(Rule.NAME)
    return name


def _birth_date(text: str, today: date) -> date:
    born = _date(text)
    if born is None or not EARLIEST_BIRTH <= born < today:
        raise _FieldRefusedError(Rule.BIRTH_DATE)
    return born


def _work_sector(text: str, _today: date) -> WorkSector:
    try:
        return WorkSector(text)
    except ValueError:
        raise _FieldRefusedError(Rule.WORK_SECTOR, given=_shown(text)) from None


def _income_band(text: str, _today: date) -> int:
    if _INCOME.fullmatch(text) is None or not is_income_band(int(text)):
        raise _FieldRefusedError(
            Rule.INCOME_BAND, given=_shown(text), least=LOWEST_BAND, most=HIGHEST_BAND, step=BAND_STEP
        )
    return int(text)


def _programmes(text: str, _today: date) -> frozenset[Programme]:
    names = text.split("+")
    known = {programme.value for programme in Programme}
    if not known.issuperset(names) or len(set(names)) != len(names):
        raise _FieldRefusedError(Rule.PROGRAMMES, given=_shown(text))
    joined = frozenset(Programme(name) for name in names)
    if not joined >= BASE_PAIR:
        raise _FieldRefusedError(Rule.BASE_PAIR, given=_shown(text))
    return joined


def _months(text: str, today: date) -> frozenset[ContributionMonth]:
    try:
        months = parse_months(text)
    except MalformedMonth as malformed:
        raise _FieldRefusedError(Rule.MONTHS, given=_shown(str(malformed.evidence["given"]))) from None
    latest = ContributionMonth.of(today) + MONTHS_AHEAD
    if months and not (min(months) >= EARLIEST_MONTH and max(months) <= latest):
        raise _FieldRefusedError(Rule.MONTHS_RANGE, earliest=str(EARLIEST_MONTH), latest=str(latest))
    return months


def _paid_on(text: str, today: date) -> date | None:
    if not text:
        return None
    day = _date(text)
    if day is None or not EARLIEST_MONTH.first_day <= day <= today:
        raise _FieldRefusedError(Rule.PAID_ON, given=_shown(text))
    return day


def _region(text: str, _today: date) -> str | None:
    if text and not (is_region(text) and len(text) > PROVINCE_LENGTH):
        raise _FieldRefusedError(Rule.REGION, given=_shown(text))
    return text or None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _shown(text: str) -> str:
    """A short, printable part of a field; not for NIK, name or birth date. Long numbers stay out: a NIK may stand in the wrong column."""
    short = "".join(each if each.isprintable() else "?" for each in text[:_MAX_SHOWN])
    return re.sub(r"[0-9]{10,}", "…", short)
