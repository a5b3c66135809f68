# SPDX-License-Identifier: Apache-2.0
"""Which live cards have certificates of a withdrawn CA: found by what stands in the certificates, page by page."""

from collections.abc import Iterator

from cardservice.credentials.ca_withdrawals import CaWithdrawals
from cardservice.credentials.certificate_check import authority_of
from cardservice.records import certificates
from cardservice.records.certificates import CertifiedCard
from cardservice.records.database import Database

PAGE = 1000  # cards


def cards_under(database: Database, withdrawals: CaWithdrawals) -> Iterator[CertifiedCard]:
    """Every live card whose latest certificate a withdrawn CA issued, by card."""
    after = ""
    while withdrawals.by_key:
        with database.read() as connection:
            page = certificates.of_live_cards(connection, after, PAGE)
        if not page:
            return
        yield from (card for card in page if authority_of(card.der) in withdrawals.by_key)
        after = page[-1].card_id
