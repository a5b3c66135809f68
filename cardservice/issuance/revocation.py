# SPDX-License-Identifier: Apache-2.0
"""Telling the key process which cards are revoked, so that it opens no channel to them. The records decide; the keys are told after."""

from cardservice.errors import KartuError
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.errors import KeysNotTold
from cardservice.records import cards

REASON = "revoked in the records"
PAGE = 1000  # cards


def tell_revoked(bureau: Bureau, kdd: bytes | None) -> None:
    """Tell of one card whose revocation is committed. Raises KeysNotTold: the card stays revoked, and ``tell_all_revoked`` repairs it."""
    if kdd is None:
        return
    try:
        bureau.keys.revoke_cards([kdd], reason=REASON)
    except KartuError as error:
        raise KeysNotTold(why=error.code) from error


def tell_all_revoked(bureau: Bureau) -> tuple[int, int]:
    """Tell of every revoked card there is: how many there are, and how many were new to the key process. Safe to repeat."""
    told = new = 0
    after = ""
    while True:
        with bureau.database.begin() as connection:
            page = cards.revoked_after(connection, after, PAGE)
        if not page:
            return told, new
        new += bureau.keys.revoke_cards([kdd for _, kdd in page], reason=REASON)
        told += len(page)
        after = page[-1][0]
