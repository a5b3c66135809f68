# SPDX-License-Identifier: Apache-2.0
"""What a verifier presents: the challenge it was given, and what a card answered to it."""

from dataclasses import dataclass, field

from cardservice.verification.disclosure import VerificationPurpose


@dataclass(frozen=True, slots=True)
class Presentation:
    """Nothing here is believed. ``signature`` is raw r|s (64 bytes), ``cover_proof`` as the card gave it (at most 231 bytes)."""

    handle: str
    terminal_id: str
    purpose: VerificationPurpose
    sector: int
    cover_proof: bytes = field(repr=False)
    signature: bytes = field(repr=False)
