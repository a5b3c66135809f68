# SPDX-License-Identifier: Apache-2.0
"""What a verifier may learn: a table, not code. Where the table has no row, nothing is answered (decision 0071).

Each answer names the programme and day that were asked, and the holder's pseudonym in the verifier's own sector; the table says what more.
"""

from collections.abc import Mapping
from enum import StrEnum

from cardservice.records.verifiers import VerifierKind
from cardservice.verification.errors import PurposeNotOpen


class VerificationPurpose(StrEnum):
    """Why a verifier asks. A purpose is bound into the challenge, the tap and the record."""

    TREATMENT = "treatment"  # a health facility is about to treat
    CLAIM = "claim"  # a health facility asks for a day on which it treated
    FARE = "fare"  # a transport operator grants a fare
    DISCOUNT = "discount"  # a merchant grants a benefit
    COUNTER = "counter"  # the scheme's own counter serves its member


class Claim(StrEnum):
    """One thing that an answer can tell."""

    COVERED = "covered"  # yes or no
    UNTIL = "until"  # the last day covered, and the state: in grace, with limited benefit
    BENEFIT = "benefit"  # the most that the programme pays
    REASON = "reason"  # why not
    CURE = "cure"  # what would have to be paid


Disclosure = frozenset[Claim]

DISCLOSURE: Mapping[tuple[VerifierKind, VerificationPurpose], Disclosure] = {
    (VerifierKind.HEALTH_FACILITY, VerificationPurpose.TREATMENT): frozenset(Claim),
    (VerifierKind.HEALTH_FACILITY, VerificationPurpose.CLAIM): frozenset({Claim.COVERED, Claim.REASON}),
    (VerifierKind.TRANSPORT, VerificationPurpose.FARE): frozenset({Claim.COVERED}),
    (VerifierKind.MERCHANT, VerificationPurpose.DISCOUNT): frozenset({Claim.COVERED}),
    (VerifierKind.COUNTER, VerificationPurpose.COUNTER): frozenset(Claim),
}


def disclosed(kind: VerifierKind, purpose: VerificationPurpose) -> Disclosure:
    """What this kind of verifier learns for this purpose. Raises PurposeNotOpen."""
    claims = DISCLOSURE.get((kind, purpose))
    if claims is None:
        raise PurposeNotOpen(kind=kind.value, purpose=purpose.value)
    return claims
