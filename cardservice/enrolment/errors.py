# SPDX-License-Identifier: Apache-2.0
"""A member list that can't be read at all. A row that can't is no error but a RowProblem, and the rows around it go in.

EnrolmentError
|- ListTooLarge     more octets or rows than one list may have
|- ListNotUtf8      not UTF-8 text
`- ListHeadMalformed the first line does not name the columns
"""

from cardservice.errors import KartuError


class EnrolmentError(KartuError):
    """The root of what keeps a member list from being read."""

    code = "enrolment"


class ListTooLarge(EnrolmentError):
    """More octets or rows than one list may have; evidence: what, most."""

    code = "member-list-too-large"


class ListNotUtf8(EnrolmentError):
    """Not UTF-8 text; evidence: octet, the offset of the first octet that is not."""

    code = "member-list-not-utf8"


class ListHeadMalformed(EnrolmentError):
    """The first line does not name the columns; evidence: missing, unknown, repeated."""

    code = "member-list-head-malformed"
