# SPDX-License-Identifier: Apache-2.0
"""A member list that can't be read at all, or an intermediary that may not. A row that can't be taken is no error but a RowProblem.

EnrolmentError
|- ListTooLarge          more octets or rows than one list may have
|- ListNotUtf8           not UTF-8 text
|- ListHeadMalformed     the first line does not name the columns
|- ListUnfinished        this very list is under way, or was broken off
|- WorkbookMalformed     no XLSX file that can be read
|- WorkbookActive        macros, links to elsewhere, or declared entities
|- WorkbookSheets        not exactly one sheet
|- NothingToAccept       the population registry does not say that this member differs
|- PendingListForeign    a list under a grant that is not of members who wait for the registry
|- RegistryError         the population registry gave no answer that counts
|  |- RegistryUnavailable      down, slow, or an error of its own
|  |- RegistryRefused          it refuses us: credentials, quota
|  `- RegistryAnswerMalformed  not what was agreed, or longer
`- IntermediaryError     an intermediary that is refused
   |- IntermediaryMalformed     a code, name or scope that can't be meant
   |- ScopeTooWide              more than those above may do
   |- SchemeStands              the scheme itself is not suspended
   |- IntermediarySuspended     it, or one above it, is suspended
   |- IntermediaryNotYetValid   before its first day
   |- IntermediaryNoLongerValid after its last day
   `- IntermediaryMayNotEnrol   enrolling is not among its deeds
"""

from cardservice.errors import KartuError


class EnrolmentError(KartuError):
    """The root of what enrolment refuses."""

    code = "enrolment"


class ListTooLarge(EnrolmentError):
    """More octets or rows than one list may have; evidence: what, most."""

    code = "member-list-too-large"


class ListNotUtf8(EnrolmentError):
    """Not UTF-8 text; evidence: octet, the offset of the first octet that is not; looks_like, an encoding or "?"."""

    code = "member-list-not-utf8"


class ListHeadMalformed(EnrolmentError):
    """The first line does not name the columns; evidence: missing, unknown, repeated."""

    code = "member-list-head-malformed"


class ListUnfinished(EnrolmentError):
    """This very list is under way, or was broken off; evidence: rows_done, since."""

    code = "member-list-unfinished"


class WorkbookMalformed(EnrolmentError):
    """No XLSX file that can be read; evidence: rule."""

    code = "workbook-malformed"


class WorkbookActive(EnrolmentError):
    """A workbook with macros, links to elsewhere, or declared entities; evidence: part."""

    code = "workbook-active"


class WorkbookSheets(EnrolmentError):
    """Which sheet is meant can't be known; evidence: found, how many."""

    code = "workbook-sheets"


class NothingToAccept(EnrolmentError):
    """Only an answer that differs is accepted by a person; evidence: state."""

    code = "nothing-to-accept"


class PendingListForeign(EnrolmentError):
    """A list under a grant that is not about whole members' NIK, name and birth date."""

    code = "pending-list-foreign"


class RegistryError(EnrolmentError):
    """The root of what keeps the population registry from answering."""

    code = "registry"


class RegistryUnavailable(RegistryError):
    """Down, slow, or an error of its own; evidence: rule."""

    code = "registry-unavailable"


class RegistryRefused(RegistryError):
    """It refuses us: credentials, quota; evidence: response_code."""

    code = "registry-refused"


class RegistryAnswerMalformed(RegistryError):
    """Not what was agreed, or longer; evidence: rule. Never anything of the answer."""

    code = "registry-answer-malformed"


class IntermediaryError(EnrolmentError):
    """The root of what is refused to an intermediary, or about one."""

    code = "intermediary"


class IntermediaryMalformed(IntermediaryError):
    """A code, name or scope that can't be meant; evidence: field, rule."""

    code = "intermediary-malformed"


class ScopeTooWide(IntermediaryError):
    """Nobody may more than those above; evidence: intermediary, above, field."""

    code = "scope-too-wide"


class SchemeStands(IntermediaryError):
    """The scheme itself is neither suspended nor reinstated; evidence: intermediary."""

    code = "scheme-stands"


class IntermediarySuspended(IntermediaryError):
    """It, or one above it, is suspended; evidence: intermediary, at (whose rule stands against it)."""

    code = "intermediary-suspended"


class IntermediaryNotYetValid(IntermediaryError):
    """Before the first valid day; evidence: intermediary, at, day."""

    code = "intermediary-not-yet-valid"


class IntermediaryNoLongerValid(IntermediaryError):
    """After the last valid day; evidence: intermediary, at, day."""

    code = "intermediary-no-longer-valid"


class IntermediaryMayNotEnrol(IntermediaryError):
    """Enrolling is not among its deeds, or of one above; evidence: intermediary, at."""

    code = "intermediary-may-not-enrol"
