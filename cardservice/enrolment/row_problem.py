# SPDX-License-Identifier: Apache-2.0
"""Why a row of a member list was refused: where, which rule, and what is in the catalogue of texts about it."""

from enum import StrEnum

from cardservice.enrolment.row_fault import RowFault


class Rule(StrEnum):
    """The rules that a row can break. Words for each are in ``cardservice/texts/enrolment.toml``."""

    FIELD_COUNT = "field-count"
    QUOTING = "quoting"
    TOO_LONG = "too-long"
    FORMULA = "formula"
    REF = "ref"
    REF_IS_NIK = "ref-is-nik"
    REF_REPEATED = "ref-repeated"
    REF_TAKEN = "ref-taken"
    NIK_SPREADSHEET = "nik-spreadsheet"
    NIK_DIGITS = "nik-digits"
    NIK_DISTRICT = "nik-district"
    NIK_BIRTH_DATE = "nik-birth-date"
    NIK_SERIAL = "nik-serial"
    NIK_REPEATED = "nik-repeated"
    NIK_TAKEN = "nik-taken"
    NIK_DIFFERS = "nik-differs"
    NAME = "name"
    BIRTH_DATE = "birth-date"
    WORK_SECTOR = "work-sector"
    INCOME_BAND = "income-band"
    PROGRAMMES = "programmes"
    BASE_PAIR = "base-pair"
    MONTHS = "months"
    MONTHS_RANGE = "months-range"
    PAID_ON = "paid-on"
    REGION = "region"
    REGION_NOT_TOLD = "region-not-told"
    OUTSIDE_REGION = "outside-region"
    OUTSIDE_WORK_SECTOR = "outside-work-sector"
    OUTSIDE_COLLECTING = "outside-collecting"
    ENROLLED_ELSEWHERE = "enrolled-elsewhere"


class RowProblem(RowFault[Rule]):
    """One fault of one row."""

    __slots__ = ()
    words = "member-row"
