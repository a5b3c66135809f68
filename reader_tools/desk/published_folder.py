# SPDX-License-Identifier: Apache-2.0
"""What ``kartu keys publish`` wrote, as a verifier keeps it: card CA certificates, the list of withdrawn ones, and the audit keys that sign it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from cardservice.credentials import ca_withdrawals, jwks
from cardservice.credentials.ca_withdrawals import CaWithdrawals
from reader_tools.errors import FileUnreadable

CA_PEM, CA_WITHDRAWN, AUDIT_KEYS = "card-ca.pem", "card-ca-withdrawn.json", "audit-keys.json"
MAX_LENGTH = 256 * 1024


@dataclass(frozen=True, slots=True)
class PublishedFolder:
    """A folder, or a copy of it that is fetched once a day."""

    path: Path

    def withdrawals(self, now: datetime) -> CaWithdrawals:
        """Which CA certificates nobody is to believe. Raises FileUnreadable, KeyRefused, WithdrawalsRefused."""
        keys = jwks.decode(self._read(AUDIT_KEYS))
        return ca_withdrawals.read(self._read(CA_WITHDRAWN), audit_keys=keys, now=now)

    def authorities(self) -> list[x509.Certificate]:
        """The CA certificates that are kept, believed or not. Raises FileUnreadable."""
        try:
            return x509.load_pem_x509_certificates(self._read(CA_PEM))
        except ValueError:
            raise FileUnreadable(path=str(self.path / CA_PEM), rule="certificates in PEM") from None

    def _read(self, name: str) -> bytes:
        path = self.path / name
        try:
            with path.open("rb") as file:
                return file.read(MAX_LENGTH + 1)
        except OSError as failed:
            raise FileUnreadable(path=str(path), rule=failed.strerror or "can't be read") from None
