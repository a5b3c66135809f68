# SPDX-License-Identifier: Apache-2.0
"""A question about cover that can't be decided.

CoverageError
|- MalformedMonth    text or number that names no contribution month
|- MalformedStanding paid months that contradict each other
|- MalformedLedger   payments that contradict each other
|- UnknownTariff     a month whose contribution no rule gives
`- RulePackRefused   a rule pack that is not taken
   |- RulePackMalformed a member that is unknown, missing, twice, or not what it should be
   |- RulePackUnsigned  no signature of the scheme's key over these bytes
   |- RulePacksDisagree packs of which no one can say when each is in force
   `- RulePackFileRefused a file of the folder of packs, and so the start of a program
"""

from cardservice.errors import KartuError


class CoverageError(KartuError):
    """The root of what keeps a question about cover from being decided."""

    code = "coverage"


class MalformedMonth(CoverageError):
    """Text or a number that names no contribution month; evidence: given, rule."""

    code = "coverage-month-malformed"


class MalformedStanding(CoverageError):
    """Paid months or contributions that contradict each other; evidence: rule."""

    code = "coverage-standing-malformed"


class MalformedLedger(CoverageError):
    """Payments, reversals or terms that contradict each other; evidence: rule, and payment where it is about one."""

    code = "coverage-ledger-malformed"


class UnknownTariff(CoverageError):
    """No rule gives the contribution of this month; evidence: programme, month."""

    code = "coverage-tariff-unknown"


class RulePackRefused(CoverageError):
    """The root of rule packs that are not taken."""

    code = "rule-pack-refused"


class RulePackMalformed(RulePackRefused):
    """The document breaks a rule of its form; evidence: field, line, rule."""

    code = "rule-pack-malformed"


class RulePackUnsigned(RulePackRefused):
    """No signature of the key over just these bytes; evidence: rule."""

    code = "rule-pack-unsigned"


class RulePacksDisagree(RulePackRefused):
    """Packs side by side of which no one can say when each is in force; evidence: field, rule."""

    code = "rule-packs-disagree"


class RulePackFileRefused(RulePackRefused):
    """A file that keeps a program from starting, since it decides cover; evidence: file, field, rule."""

    code = "rule-pack-file-refused"
