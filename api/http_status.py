# SPDX-License-Identifier: Apache-2.0
"""The one place where an error becomes an HTTP status (RFC 9110, 15), and where it is decided what of it outsiders see."""

from collections.abc import Mapping
from dataclasses import dataclass

from api.errors import KeysUnavailable, RecordsUnavailable
from cardservice.collection.ppob.cases import PpobCase
from cardservice.errors import KartuError
from cardservice.records.errors import DatabaseBehind, DatabaseUnavailable
from hsm.errors import HsmError

INTERNAL = "kartu-internal"


@dataclass(frozen=True, slots=True)
class Outward:
    """How one code looks from outside: status, the evidence that is shown as members, and after how many seconds to try again."""

    status: int
    shown: frozenset[str] = frozenset()
    retry_after: int | None = None


_RECEIPT = frozenset({"receipt_id"})

OUTWARD: Mapping[str, Outward] = {
    "request-unreadable": Outward(400),
    "request-malformed": Outward(400, frozenset({"rule", "limit"})),
    "request-host": Outward(400),
    "caller-unknown": Outward(401),
    "purpose-not-open": Outward(403),
    "cover-proof-refused": Outward(403, _RECEIPT),
    "tap-refused": Outward(403, _RECEIPT),
    "card-not-valid": Outward(403, _RECEIPT),
    "collection-out-of-scope": Outward(403, frozenset({"intermediary", "at", "ground"})),
    "agent-stopped": Outward(403, frozenset({"intermediary", "ground"})),
    "route-unknown": Outward(404),
    "subject-unknown": Outward(404, frozenset({"record"})),
    "not-published": Outward(404, frozenset({"file"})),
    "method-not-allowed": Outward(405),
    "request-too-slow": Outward(408, frozenset({"seconds"})),
    "challenge-not-valid": Outward(409),
    "renewal-refused": Outward(409),
    "reference-conflict": Outward(409, frozenset({"reference", "kept", "asked"})),
    "money-bounced": Outward(409, frozenset({"reference", "reason"})),
    "receipt-is-void": Outward(409, frozenset({"intermediary", "number", "reason"})),
    "request-too-large": Outward(413, frozenset({"limit"})),
    "request-media-type": Outward(415),
    "request-invalid": Outward(422, frozenset({"errors"})),
    "service-date-refused": Outward(422, frozenset({"earliest", "latest"})),
    "event-moment-refused": Outward(422, frozenset({"rule"})),
    "group-sum-mismatch": Outward(422, frozenset({"bill", "due", "paid", "difference"})),
    "payment-amount-refused": Outward(422, frozenset({"least", "most"})),
    INTERNAL: Outward(500),
    "overloaded": Outward(503, retry_after=1),
    "keys-unavailable": Outward(503, retry_after=2),
    "records-unavailable": Outward(503, retry_after=2),
    "publication-unreadable": Outward(503, frozenset({"file"}), retry_after=5),
    "not-ready": Outward(503, frozenset({"failing"}), retry_after=5),
}

# PPOB: the till reads rc; the status is for the machines between. SNAP's own codes begin with theirs (collection/snap/cases.py).
PPOB_STATUS: Mapping[PpobCase, int] = {
    PpobCase.SUCCESS: 200,
    PpobCase.AMOUNT: 422,
    PpobCase.NUMBER_UNKNOWN: 404,
    PpobCase.REVERSED: 409,
    PpobCase.NOT_FOUND: 404,
    PpobCase.FORMAT: 400,
    PpobCase.EXPIRED: 404,
    PpobCase.NOT_ALLOWED: 401,
    PpobCase.NO_INQUIRY: 409,
    PpobCase.UNKNOWN_OUTCOME: 504,
    PpobCase.PAID: 409,
    PpobCase.BUSY: 429,
    PpobCase.CONFLICT: 409,
    PpobCase.MALFUNCTION: 500,
}


def outward_error(error: KartuError) -> KartuError | None:
    """The error as outsiders may know it; None for one that they should never have met."""
    if error.code in OUTWARD:
        return error
    if isinstance(error, HsmError):
        return KeysUnavailable()
    if isinstance(error, DatabaseUnavailable | DatabaseBehind):
        return RecordsUnavailable()
    return None
