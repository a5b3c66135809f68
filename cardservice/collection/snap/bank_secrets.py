# SPDX-License-Identifier: Apache-2.0
"""Client secrets, opened once by the key process and kept in this process's memory: HMAC needs the secret itself (decision 0151)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from cardservice.collection.bank_register import secret_context
from cardservice.keys import Sealer
from cardservice.records.banks import Bank

KEPT = timedelta(hours=1)  # then it is opened again, so that the key process's record shows who is still using it


class BankSecrets:
    """Opens a bank's client secret when it is first needed; another sealed value is another secret. Shows nothing in a repr."""

    def __init__(self, sealer: Callable[[], Sealer]) -> None:
        self._sealer = sealer
        self._opened: dict[str, tuple[bytes, bytes, datetime]] = {}
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"BankSecrets({len(self._opened)})"

    def secret_of(self, bank: Bank, now: datetime) -> bytes:
        """The client secret. Raises whatever the sealer raises."""
        sealed, secret, since = self._opened.get(bank.partner_id, (b"", b"", now))
        if sealed == bank.secret_sealed and timedelta(0) <= now - since < KEPT:
            return secret
        with self._lock:  # one worker thread asks, the others find it there
            sealed, secret, since = self._opened.get(bank.partner_id, (b"", b"", now))
            if sealed != bank.secret_sealed or not timedelta(0) <= now - since < KEPT:
                context = secret_context(bank.partner_id)
                secret = self._sealer().unseal(context, bank.secret_sealed, reason="check a bank's signature")
                self._opened[bank.partner_id] = (bank.secret_sealed, secret, now)
        return secret
