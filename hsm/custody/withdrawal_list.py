# SPDX-License-Identifier: Apache-2.0
"""The statement that verifiers fetch: which CA certificates and keys nobody is to believe, which ones are to be believed, under a number that only rises.

Its members stand in cardservice/credentials/ca_withdrawals.py, which reads it.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from cardservice.keys import Purpose
from hsm.custody.journal import CustodyJournal
from hsm.custody.key_ending import destroyed_keys
from hsm.custody.key_record import fingerprint
from hsm.custody.withdrawal import withdrawals
from hsm.errors import CustodyJournalDamaged, PublicationFailed
from hsm.keys.key_store import KeyKind, KeyStore
from hsm.operations.key_ring import KeyRing

KIND = "kartu-ca-withdrawals/2"
PUBLISHED = "published"
CA_WITHDRAWN = "card-ca-withdrawn.json"


def withdrawal_list(
    journal: CustodyJournal, store: KeyStore, ca_certificates: Sequence[bytes], now: datetime
) -> dict[str, object]:
    """The statement about this moment; an empty one says something too. Its number is in the journal before anybody reads it.

    Raises CustodyJournalDamaged, CustodyJournalUnusable; PublicationFailed where the clock stands before the last list: every verifier would refuse it.
    """
    if any(now < entry.at for entry in journal.of(PUBLISHED)):
        raise PublicationFailed(path=CA_WITHDRAWN, rule="the clock stands before the last publication")
    number = _next_number(journal, now)
    audit_keys = KeyRing(store).published(Purpose.AUDIT, now)
    statement: dict[str, object] = {
        "kind": KIND,
        "number": number,
        "at": now,
        "withdrawn": withdrawals(journal),
        "withdrawn_keys": sorted(key.kid for key, _ in destroyed_keys(journal) if key.kind is KeyKind.P256),
        "authorities": [hashlib.sha256(der).hexdigest() for der in ca_certificates],
        "audit_keys": [fingerprint(store.verifying_point(key)) for key in audit_keys],
    }
    journal.append(PUBLISHED, now, list_number=number)
    return statement


def _next_number(journal: CustodyJournal, now: datetime) -> int:
    """One more than the last; and never less than the seconds since 1970, since the journal of a new machine begins empty and verifiers remember."""
    try:
        last = max((int(entry.facts["list_number"]) for entry in journal.of(PUBLISHED)), default=0)
    except (KeyError, TypeError, ValueError):
        raise CustodyJournalDamaged(path="", number=0) from None
    return max(last + 1, int(now.timestamp()))
