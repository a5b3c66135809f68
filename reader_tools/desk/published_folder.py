# SPDX-License-Identifier: Apache-2.0
"""What ``kartu keys publish`` wrote, as it reaches a verifier: a folder that was carried here, or the same files from the service."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from cardservice.credentials import jwks
from cardservice.keys import VerifyingKey
from reader_tools.desk.http_client import Service
from reader_tools.desk.kept_file import keep
from reader_tools.desk.withdrawals_seen import Taken, WithdrawalsSeen
from reader_tools.errors import FileUnreadable

CA_PEM, CA_WITHDRAWN, AUDIT_KEYS = "card-ca.pem", "card-ca-withdrawn.json", "audit-keys.json"
MAX_LENGTH = 256 * 1024


@dataclass(frozen=True, slots=True)
class PublishedFolder:
    """A folder, or a copy of it that is fetched once a day."""

    path: Path

    def take(self, seen: WithdrawalsSeen, now: datetime, anchor: str | None = None) -> Taken:
        """Its list of withdrawals, held against what was seen before. Raises FileUnreadable, KeyRefused, WithdrawalsRefused, DeskMemoryDamaged."""
        return seen.take(self._read(CA_WITHDRAWN), self._audit_keys(), now=now, anchor=anchor)

    def authorities(self) -> list[x509.Certificate]:
        """The CA certificates that are kept, believed or not. Raises FileUnreadable."""
        return _certificates(self._read(CA_PEM), str(self.path / CA_PEM))

    def _audit_keys(self) -> Sequence[VerifyingKey]:
        return jwks.decode(self._read(AUDIT_KEYS))

    def _read(self, name: str) -> bytes:
        path = self.path / name
        try:
            with path.open("rb") as file:
                return file.read(MAX_LENGTH + 1)
        except OSError as failed:
            raise FileUnreadable(path=str(path), rule=failed.strerror or "can't be read") from None


def fetch_published(
    service: Service, folder: Path, seen: WithdrawalsSeen, clock: Callable[[], datetime], anchor: str | None = None
) -> Taken:
    """Fetch audit keys, list and CA certificates; the list is remembered, the certificates are kept in ``folder``.

    Whatever is refused, or does not come, leaves here what was here. Raises what ``PublishedFolder.take`` raises, and the service's errors.
    """
    keys, document, certificates = (
        service.fetch(f"/.well-known/{name}") for name in (AUDIT_KEYS, CA_WITHDRAWN, CA_PEM)
    )
    _certificates(certificates, f"{service.url}/.well-known/{CA_PEM}")
    taken = seen.take(document, jwks.decode(keys), now=clock(), anchor=anchor)
    keep(folder / CA_PEM, certificates)
    return taken


def _certificates(pem: bytes, place: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise FileUnreadable(path=place, rule="certificates in PEM") from None
