# SPDX-License-Identifier: Apache-2.0
"""A card CA's certificate is withdrawn before its end: whoever has its key could make certificates that look like ours (decision 0125).

Two officers sign for it. From then on it is not published, and the list of withdrawn certificates, signed by the audit key, names it for
verifiers that keep it still: the card certificates under it are believed no more, those cards need new ones.
"""

import hashlib
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from hsm.custody.ca_certificates import CERTIFICATE, WITHDRAWN
from hsm.custody.journal import CustodyJournal
from hsm.errors import CaCertificateRefused, CustodyJournalDamaged, GrantRefused
from hsm.keys.key_custody import KeyCustody
from hsm.limits.grants import Deed, Grant, GrantDesk, Statement
from hsm.limits.officers import Officers


@dataclass(frozen=True, slots=True)
class WithdrawalOrder:
    """Which certificate, by the SHA-256 of its DER in hexadecimal digits, and why. ``grant`` is what two officers signed."""

    sha256: str
    reason: str
    grant: Grant


def withdraw(
    order: WithdrawalOrder, custody: KeyCustody, journal: CustodyJournal, clock: Callable[[], datetime]
) -> dict[str, object]:
    """Believe a certificate no more. Asked again, it says when that was. Raises CaCertificateRefused, GrantRefused."""
    certificate = _noted(order.sha256, journal)
    for entry in journal.of(WITHDRAWN):
        if entry.facts["sha256"] == order.sha256:
            return {**entry.facts, "at": entry.at, "already": True}
    if certificate == custody.store.ca_certificate:
        raise CaCertificateRefused(rule="it is not the one in use: kartu keys rotate card-ca --at now comes first")
    desk = GrantDesk(Officers(custody.records()), _SpentHere(journal), lambda: clock().timestamp())
    officers = desk.use(order.grant, Deed.WITHDRAW_CA, [order.sha256], order.reason)
    parsed = x509.load_der_x509_certificate(certificate)
    key = parsed.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    # The entry is the deed: what is published follows from it, and a half-written line never was (journal.py).
    written = journal.append(
        WITHDRAWN,
        clock(),
        sha256=order.sha256,
        key_identifier=key.hex(),
        subject=parsed.subject.rfc4514_string(),
        not_after=parsed.not_valid_after_utc,
        reason=order.reason,
        officers=officers,
        nonce=Statement.decode(order.grant.statement).nonce.hex(),
    )
    return {**written.facts, "at": written.at, "already": False}


def withdrawals(journal: CustodyJournal) -> list[dict[str, Any]]:
    """Every withdrawal as verifiers are told of it, oldest first. Who signed stays in the journal. Raises CustodyJournalDamaged."""
    told = ("sha256", "key_identifier", "subject", "reason")
    try:
        return [
            {name: str(entry.facts[name]) for name in told} | {"withdrawn_at": entry.facts.get("at") or entry.at}
            for entry in journal.of(WITHDRAWN)
        ]
    except KeyError:
        raise CustodyJournalDamaged(path="", number=0) from None


def note_withdrawals(journal: CustodyJournal, known: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """What a backup knows to be withdrawn, and this journal does not: a new machine's journal begins empty."""
    here = {entry.facts["sha256"] for entry in journal.of(WITHDRAWN)}
    for one in known:
        if one["sha256"] not in here:
            facts = {name: str(one[name]) for name in ("sha256", "key_identifier", "subject", "reason")}
            journal.append(WITHDRAWN, now, **facts, at=str(one["withdrawn_at"]), officers=[], nonce="")


def _noted(sha256: str, journal: CustodyJournal) -> bytes:
    for entry in journal.of(CERTIFICATE):
        if entry.facts["sha256"] == sha256:
            der = b64decode(entry.facts["der"])
            if hashlib.sha256(der).hexdigest() == sha256:
                return der
    raise CaCertificateRefused(rule="a certificate of these keys has that SHA-256: kartu keys list names them")


class _SpentHere:
    """Used nonces of grants, as the custody journal remembers them."""

    def __init__(self, journal: CustodyJournal) -> None:
        self._journal = journal

    def spend(self, nonce: bytes, not_after: int, now: int) -> None:  # noqa: ARG002 - the journal forgets nothing
        if any(entry.facts.get("nonce") == nonce.hex() for entry in self._journal.of(WITHDRAWN)):
            raise GrantRefused(rule="a grant works once")
