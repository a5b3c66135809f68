# SPDX-License-Identifier: Apache-2.0
"""Which sectors a kind of verifier may have (docs/card-edge.md, "Applications")."""

from collections.abc import Mapping

from cardservice.records.verifiers import VerifierKind

SECTORS: Mapping[VerifierKind, range] = {
    VerifierKind.HEALTH_FACILITY: range(0x01, 0x02),
    VerifierKind.TRANSPORT: range(0x10, 0x20),
    VerifierKind.MERCHANT: range(0x20, 0x40),
    VerifierKind.BANK: range(0x40, 0x50),
    VerifierKind.TELCO: range(0x50, 0x60),
    VerifierKind.COUNTER: range(0x70, 0x71),
}
