# SPDX-License-Identifier: Apache-2.0
"""Which guard stands before which key. A purpose without a guard signs nothing."""

from cardservice.keys import Purpose
from hsm.guards.audit_root import guard_audit_root
from hsm.guards.card_certificate import guard_card_certificate
from hsm.guards.cover_proof import guard_cover_proof
from hsm.guards.eligibility_token import guard_eligibility_token
from hsm.guards.receipt import guard_receipt
from hsm.guards.signing_context import Guard

GUARDS: dict[Purpose, Guard] = {
    Purpose.ELIGIBILITY_TOKEN: guard_eligibility_token,
    Purpose.COVER_PROOF: guard_cover_proof,
    Purpose.CARD_CA: guard_card_certificate,
    Purpose.AUDIT: guard_audit_root,
    Purpose.RECEIPT: guard_receipt,
}
