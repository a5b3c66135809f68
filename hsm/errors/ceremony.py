# SPDX-License-Identifier: Apache-2.0
"""What a ceremony and its shares are refused."""

from hsm.errors.custody import CustodyRefused


class PlanRefused(CustodyRefused):
    """A plan that breaks a rule, or is not the one that was reviewed; evidence: path, rule."""

    code = "hsm-ceremony-plan-refused"


class CeremonyRefused(CustodyRefused):
    """A ceremony that may not begin, or a check in it that failed; evidence: step, rule."""

    code = "hsm-ceremony-refused"


class CeremonyUnfinished(CustodyRefused):
    """Keys of a ceremony that did not come to its end are not put to work; evidence: step."""

    code = "hsm-ceremony-unfinished"


class ShareRefused(CustodyRefused):
    """A share, or a number of shares, that can't be used; evidence: rule, and share if one is meant."""

    code = "hsm-share-refused"


class SharesTooFew(CustodyRefused):
    """Fewer shares than are needed; evidence: needed, given."""

    code = "hsm-shares-too-few"
