# SPDX-License-Identifier: Apache-2.0
"""How long each purpose's key makes new things, and how long its public half stays published (SP 800-57 part 1, 5.3.6)."""

from dataclasses import dataclass
from datetime import timedelta

from cardservice.keys import Purpose

YEAR = timedelta(days=365)
ROTATION_OVERLAP = timedelta(days=7)  # the next signing key takes over this long before the current one expires


@dataclass(frozen=True, slots=True)
class CryptoPeriod:
    """``making``: from active to expiry. ``reading``: how much longer what the key made may still have to be verified."""

    making: timedelta
    reading: timedelta = timedelta()


CRYPTO_PERIODS = {
    Purpose.CARD_CA: CryptoPeriod(3 * YEAR, reading=5 * YEAR),  # a card certificate lives at most 5 years
    Purpose.ELIGIBILITY_TOKEN: CryptoPeriod(timedelta(days=90), reading=timedelta(hours=1)),  # tokens live 5 minutes
    Purpose.COVER_PROOF: CryptoPeriod(timedelta(days=90), reading=timedelta(days=36)),  # proofs live 35 days
    Purpose.AUDIT: CryptoPeriod(YEAR, reading=10 * YEAR),
    Purpose.RECEIPT: CryptoPeriod(YEAR, reading=10 * YEAR),  # who paid keeps the receipt for a working life
    Purpose.CARD_MASTER: CryptoPeriod(YEAR),
    Purpose.SECTOR_MASTER: CryptoPeriod(YEAR),
    Purpose.TRANSPORT: CryptoPeriod(YEAR),
    Purpose.SEAL: CryptoPeriod(YEAR),
    Purpose.BLIND_INDEX: CryptoPeriod(3 * YEAR),  # changing it means indexing every member again
    Purpose.PSEUDONYM: CryptoPeriod(10 * YEAR),  # changing it renames every member everywhere
}
