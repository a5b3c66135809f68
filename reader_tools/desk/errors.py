# SPDX-License-Identifier: Apache-2.0
"""What keeps a desk from an answer.

DeskVerificationError
|- ServiceUnreachable   the line is down, or the service is
|- ServiceProblem       the service refused, with its own code and words (RFC 9457)
|- AnswerMalformed      the service answered something that is no answer
|- KeysNotCached        no keys of cover proofs on this desk: it was never on line
|- KeysTooOld           keys of cover proofs that were fetched too long ago
|- DeskClockBack        this desk's clock stands before something that it has seen
|- RulePacksOlder       this desk's rules are older than those the card's proof was signed under
|- WithdrawalsNotSeen   no list of withdrawals on this desk
|- DeskMemoryDamaged    what this desk remembers of lists can't be read
`- SecretUnreadable    the verifier's secret is not where it should be
"""

from cardservice.errors import KartuError


class DeskVerificationError(KartuError):
    """The root of what keeps a desk from an answer."""

    code = "desk-verification"


class ServiceUnreachable(DeskVerificationError):
    """No answer from the service; evidence: url."""

    code = "service-unreachable"


class ServiceProblem(DeskVerificationError):
    """The service refused; evidence: status, problem, title, detail."""

    code = "service-problem"


class AnswerMalformed(DeskVerificationError):
    """Not what the service documents; evidence: rule."""

    code = "service-answer-malformed"


class KeysNotCached(DeskVerificationError):
    """This desk has no keys of cover proofs; evidence: folder."""

    code = "keys-not-cached"


class KeysTooOld(DeskVerificationError):
    """This desk's keys of cover proofs were fetched too long ago; evidence: folder, days."""

    code = "keys-too-old"


class DeskClockBack(DeskVerificationError):
    """This desk's clock stands before what it has seen, so that what has run out would be believed; evidence: seen_at, witness."""

    code = "desk-clock-back"


class RulePacksOlder(DeskVerificationError):
    """The scheme has gone by a rule pack that this desk does not have; evidence: number (the newest here), proof_number."""

    code = "rule-packs-older"


class WithdrawalsNotSeen(DeskVerificationError):
    """This desk has no list of withdrawals; evidence: folder."""

    code = "ca-withdrawals-none"


class DeskMemoryDamaged(DeskVerificationError):
    """What this desk remembers of lists of withdrawals can't be read; evidence: file."""

    code = "desk-memory-damaged"


class SecretUnreadable(DeskVerificationError):
    """The file with the verifier's secret can't be read; evidence: file, rule."""

    code = "verifier-secret-unreadable"
