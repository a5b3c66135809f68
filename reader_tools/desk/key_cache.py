# SPDX-License-Identifier: Apache-2.0
"""The scheme's public keys as this desk last saw them, for the hours when the line is down."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cardservice.credentials import jwks
from cardservice.keys import VerifyingKey
from reader_tools.desk.clock_seen import refuse_set_back
from reader_tools.desk.errors import KeysNotCached, KeysTooOld
from reader_tools.desk.http_client import Service
from reader_tools.desk.kept_file import keep

COVER_PROOF_KEYS = "cover-proof-keys.json"
TOKEN_KEYS = "jwks.json"  # noqa: S105 - the name of a public file
MAX_AGE = timedelta(
    days=35
)  # a key set has no end of its own; no proof is believed for longer, nor a list of withdrawals


@dataclass(frozen=True, slots=True)
class KeyCache:
    """A folder with two JWK sets, without the keys (kid) that the scheme withdrew: an earlier set that somebody gives out still has those."""

    folder: Path
    withdrawn: AbstractSet[str] = frozenset()

    def refresh(self, service: Service) -> None:
        """Fetch both sets; what does not read as a key set of ours is refused and the old one stays. Raises KeyRefused and the service's errors."""
        for name in (COVER_PROOF_KEYS, TOKEN_KEYS):
            document = service.fetch(f"/.well-known/{name}")
            jwks.decode(document)
            keep(self.folder / name, document)

    def cover_proof_keys(self) -> list[VerifyingKey]:
        """Keys of cover proofs. Raises KeysNotCached."""
        return self._read(COVER_PROOF_KEYS)

    def offline_keys(self, now: datetime) -> list[VerifyingKey]:
        """The same with the line down: fetched in the last 35 days. Raises KeysNotCached, KeysTooOld; DeskClockBack where ``now`` lies before that."""
        keys = self.cover_proof_keys()
        fetched_at = self.fetched_at()
        refuse_set_back(now, {COVER_PROOF_KEYS: fetched_at})
        if fetched_at is None or now - fetched_at > MAX_AGE:
            raise KeysTooOld(folder=str(self.folder), days=MAX_AGE.days)
        return keys

    def token_keys(self) -> list[VerifyingKey]:
        """Keys of eligibility tokens. Raises KeysNotCached."""
        return self._read(TOKEN_KEYS)

    def fetched_at(self) -> datetime | None:
        """When the keys of cover proofs were fetched last, which is when their file was written; None where there are none."""
        try:
            return datetime.fromtimestamp((self.folder / COVER_PROOF_KEYS).stat().st_mtime, UTC)
        except OSError:
            return None

    def _read(self, name: str) -> list[VerifyingKey]:
        try:
            keys = jwks.decode((self.folder / name).read_bytes())
        except OSError:
            raise KeysNotCached(folder=str(self.folder)) from None
        return [key for key in keys if key.kid not in self.withdrawn]
